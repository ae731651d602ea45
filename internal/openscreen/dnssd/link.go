package dnssd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// packetSize is the most octets of a packet (RFC 6762, section 17).
const packetSize = 9000

// sendSize is how much goes into a packet to send.
const sendSize = 1400

// link is an interface with one address family.
type link struct {
	ifi   net.Interface
	v6    bool
	conn  net.PacketConn
	write func(b []byte, to *net.UDPAddr) error
	group *net.UDPAddr
	addrs []netip.Addr         // of the interface, both families
	nets  []netip.Prefix       // the networks of them
	sent  map[string]time.Time // when a record was last sent to the group
}

// packet is what came in.
type packet struct {
	link *link
	data []byte
	from netip.AddrPort
}

// interfaces are those to be used.
func (n *Node) interfaces() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the network interfaces: %w", err)
	}
	var named, usual, loop []net.Interface
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		switch {
		case slices.Contains(n.o.Interfaces, i.Name):
			named = append(named, i)
		case i.Flags&net.FlagLoopback != 0:
			loop = append(loop, i)
		case i.Flags&net.FlagMulticast != 0:
			usual = append(usual, i)
		}
	}
	switch {
	case len(n.o.Interfaces) > 0:
		return named, nil
	case len(usual) > 0:
		return usual, nil
	}
	return loop, nil
}

// relink opens the links of interfaces that came and closes those of ones that
// went, and starts anew where something changed.
func (n *Node) relink() error {
	all, err := n.interfaces()
	if err != nil {
		return err
	}
	changed, opened := false, 0 // none opened is no error: a network may come
	var errs []error
	var keep []*link
	for _, ifi := range all {
		addrs, nets := addresses(ifi)
		for _, v6 := range []bool{false, true} {
			if !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Is6() == v6 }) {
				continue
			}
			l := n.linkOf(ifi, v6)
			if l == nil {
				if l, err = n.open(ifi, v6); err != nil {
					errs = append(errs, err)
					n.complain(ifi.Name, err)
					continue
				}
				changed = true
			}
			changed = changed || !slices.Equal(l.addrs, addrs)
			l.addrs, l.nets = addrs, nets
			keep = append(keep, l)
			opened++
		}
	}
	for _, l := range n.links {
		if !slices.Contains(keep, l) {
			_ = l.conn.Close() // the interface is gone
		}
	}
	n.links = keep
	if changed {
		n.restart()
	}
	if opened == 0 && len(errs) > 0 {
		return errors.Join(errs...)
	}
	return nil
}

// complain tells once that an interface cannot be used.
func (n *Node) complain(name string, err error) {
	if !n.told[name] {
		n.told[name] = true
		n.o.Log.Info("an interface is not used for discovery", "interface", name, "error", err)
	}
}

func (n *Node) linkOf(ifi net.Interface, v6 bool) *link {
	for _, l := range n.links {
		if l.ifi.Index == ifi.Index && l.ifi.Name == ifi.Name && l.v6 == v6 {
			return l
		}
	}
	return nil
}

func (n *Node) unlink() {
	for _, l := range n.links {
		_ = l.conn.Close() // it is only read from
	}
}

// addresses are those of an interface, with the networks they are in.
func addresses(ifi net.Interface) (addrs []netip.Addr, nets []netip.Prefix) {
	all, err := ifi.Addrs()
	if err != nil {
		return nil, nil
	}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		addrs = append(addrs, p.Addr().Unmap().WithZone(""))
		nets = append(nets, p.Masked())
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return addrs, nets
}

// open joins the group of mDNS on an interface. The port is shared with other
// responders.
func (n *Node) open(ifi net.Interface, v6 bool) (*link, error) {
	network, any, group := "udp4", "0.0.0.0", net.IPv4(224, 0, 0, 251)
	if v6 {
		network, any, group = "udp6", "[::]", net.ParseIP("ff02::fb")
	}
	cfg := net.ListenConfig{Control: share}
	conn, err := cfg.ListenPacket(context.Background(), network, fmt.Sprintf("%s:%d", any, n.o.Port))
	if err != nil {
		return nil, fmt.Errorf("open mDNS on %s: %w", ifi.Name, err)
	}
	l := &link{ifi: ifi, v6: v6, conn: conn, group: &net.UDPAddr{IP: group, Port: int(n.o.Port)}, sent: map[string]time.Time{}}
	if v6 {
		l.group.Zone = ifi.Name
		err = n.join6(l)
	} else {
		err = n.join4(l)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("join mDNS on %s: %w", ifi.Name, err), conn.Close())
	}
	return l, nil
}

func (n *Node) join4(l *link) error {
	p := ipv4.NewPacketConn(l.conn)
	if err := errors.Join(p.JoinGroup(&l.ifi, &net.UDPAddr{IP: l.group.IP}), p.SetMulticastInterface(&l.ifi),
		p.SetMulticastLoopback(true), p.SetMulticastTTL(255)); err != nil {
		return err
	}
	told := p.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true) == nil // not everywhere
	l.write = func(b []byte, to *net.UDPAddr) error {
		_, err := p.WriteTo(b, nil, to)
		return err
	}
	n.work.Go(func() {
		n.listen(l, func(b []byte) (int, int, net.IP, net.Addr, error) {
			size, cm, from, err := p.ReadFrom(b)
			if cm == nil || !told {
				return size, 0, nil, from, err
			}
			return size, cm.IfIndex, cm.Dst, from, err
		})
	})
	return nil
}

func (n *Node) join6(l *link) error {
	p := ipv6.NewPacketConn(l.conn)
	if err := errors.Join(p.JoinGroup(&l.ifi, &net.UDPAddr{IP: l.group.IP}), p.SetMulticastInterface(&l.ifi),
		p.SetMulticastLoopback(true), p.SetMulticastHopLimit(255)); err != nil {
		return err
	}
	told := p.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true) == nil // not everywhere
	l.write = func(b []byte, to *net.UDPAddr) error {
		_, err := p.WriteTo(b, nil, to)
		return err
	}
	n.work.Go(func() {
		n.listen(l, func(b []byte) (int, int, net.IP, net.Addr, error) {
			size, cm, from, err := p.ReadFrom(b)
			if cm == nil || !told {
				return size, 0, nil, from, err
			}
			return size, cm.IfIndex, cm.Dst, from, err
		})
	})
	return nil
}

// listen reads packets of a link. What the loop cannot take is dropped.
func (n *Node) listen(l *link, read func([]byte) (int, int, net.IP, net.Addr, error)) {
	buf := make([]byte, packetSize)
	for {
		size, index, to, from, err := read(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || n.ctx.Err() != nil {
				return
			}
			continue
		}
		udp, ok := from.(*net.UDPAddr)
		if !ok || index != 0 && index != l.ifi.Index || to != nil && !to.IsMulticast() && !to.IsLoopback() && udp.Port != int(n.o.Port) {
			continue
		}
		p := packet{link: l, data: slices.Clone(buf[:size]), from: udp.AddrPort()}
		select {
		case n.packets <- p:
		default:
		}
	}
}

// near reports whether an address is on the link: nobody else has a say (RFC
// 6762, section 11). On loopback is this computer alone, by whatever address.
func (l *link) near(a netip.Addr) bool {
	if l.ifi.Flags&net.FlagLoopback != 0 {
		return true
	}
	a = a.Unmap().WithZone("")
	return a.IsLinkLocalUnicast() || slices.ContainsFunc(l.nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// multicast sends a message to the group of a link.
func (n *Node) multicast(l *link, m *dns.Msg) { n.send(l, m, l.group) }

func (n *Node) send(l *link, m *dns.Msg, to *net.UDPAddr) {
	m.Compress = true
	b, err := m.Pack()
	if err != nil {
		n.o.Log.Warn("a message of mDNS cannot be made", "error", err)
		return
	}
	if err := l.write(b, to); err != nil {
		n.o.Log.Debug("a message of mDNS was not sent", "interface", l.ifi.Name, "error", err)
	}
}
