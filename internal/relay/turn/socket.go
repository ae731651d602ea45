package turn

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"

	pion "github.com/pion/turn/v5"

	"github.com/kith-web/kith/internal/relay/guard"
)

var (
	errQuota  = errors.New("turn: too many allocations")
	errFamily = errors.New("turn: no address of this family")
	errTCP    = errors.New("turn: only UDP is carried")
)

// generator opens the sockets of allocations, which count from when they are
// opened until they are closed.
type generator struct{ s *Server }

func (g generator) Validate() error { return nil }

// AllocatePacketConn opens the socket of an allocation. Sockets that are opened
// only to find a free port have no client.
func (g generator) AllocatePacketConn(c pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	s := g.s
	if s.o.PublicIP.Is4() != (c.Network == "udp4") {
		return nil, nil, errFamily
	}
	client := holder(c.UserID)
	if !s.held.Take(client) {
		s.refused.Add(1)
		return nil, nil, errQuota
	}
	conn, err := net.ListenPacket(c.Network, net.JoinHostPort(s.o.BindIP.String(), strconv.Itoa(c.RequestedPort)))
	if err != nil {
		s.held.Give(client)
		return nil, nil, err
	}
	port := addrOf(conn.LocalAddr()).Port()
	s.ports.Store(port, true)
	public := net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.o.PublicIP, port))
	return &socket{PacketConn: conn, s: s, client: client, port: port, budget: newBudget(s.o.Rate)}, public, nil
}

func (generator) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errTCP
}

func (generator) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

// socket is one allocation's. Packets over its budget, or all sockets' budget,
// are lost, as packets may be.
type socket struct {
	net.PacketConn
	s      *Server
	client netip.Addr
	port   uint16
	budget *budget
	once   sync.Once
}

func (c *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil || c.spend(n) {
			return n, from, err
		}
	}
}

func (c *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	peer := addrOf(to)
	if peer.Addr() == c.s.o.PublicIP && !c.s.o.AllowPrivate {
		if _, ok := c.s.ports.Load(peer.Port()); !ok { // some other service of this host
			c.s.refused.Add(1)
			return len(b), nil
		}
	}
	if !c.spend(len(b)) {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

func (c *socket) spend(n int) bool {
	if !c.budget.spend(n) || !c.s.budget.spend(n) {
		c.s.dropped.Add(1)
		return false
	}
	c.s.carried.Add(uint64(n))
	return true
}

func (c *socket) Close() error {
	c.once.Do(func() {
		c.s.ports.Delete(c.port)
		c.s.held.Give(c.client)
	})
	return c.PacketConn.Close()
}

// door is the socket clients send to. It passes over requests of addresses that
// send too many, before anything is computed for them.
type door struct {
	net.PacketConn
	rate *guard.Rate
	s    *Server
}

func (d *door) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.PacketConn.ReadFrom(b)
		if err != nil || !isRequest(b[:n]) || d.rate.Allow(addrOf(from).Addr()) {
			return n, from, err
		}
		d.s.refused.Add(1)
	}
}

// isRequest tells STUN requests from indications and channel data, which bring
// no answer (RFC 8489 §5).
func isRequest(b []byte) bool {
	return len(b) >= 2 && b[0]&0xc0 == 0 && b[0]&0x01 == 0 && b[1]&0x10 == 0
}

func addrOf(a net.Addr) netip.AddrPort {
	var p netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		p = a.AddrPort()
	case *net.TCPAddr:
		p = a.AddrPort()
	}
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}
