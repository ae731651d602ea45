package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/turn/v5"

	"github.com/kith-web/kith/internal/relay/guard"
)

// allocationLife is how long an allocation lasts that its client does not
// refresh.
const allocationLife = 5 * time.Minute

// Server answers STUN and TURN requests.
type Server struct {
	o       Options
	pion    *pion.Server
	special []netip.Prefix
	held    *guard.Count
	budget  *budget
	ports   sync.Map // of open allocations: uint16 to true

	carried, dropped, refused atomic.Uint64
}

// New starts a server, which works until it is closed.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, special: special(), budget: newBudget(o.TotalRate),
		held: guard.NewCount(o.MaxPerAddress, o.MaxAllocations),
	}
	config := pion.PacketConnConfig{
		PacketConn:        &door{PacketConn: o.Conn, rate: guard.NewRate(o.Requests), s: s},
		PermissionHandler: s.permit,
	}
	all := pion.ServerConfig{
		LoggerFactory: logs{o.Log}, Realm: o.Realm, AllocationLifetime: allocationLife,
	}
	if o.PublicIP.IsValid() {
		config.RelayAddressGenerator = generator{s}
		all.AuthHandler = s.authenticate
		all.ListenerConfigs = s.listeners()
	}
	all.PacketConnConfigs = []pion.PacketConnConfig{config}
	if s.pion, err = pion.NewServer(all); err != nil {
		return nil, fmt.Errorf("start the TURN server: %w", err)
	}
	return s, nil
}

// listeners are those of clients that come by TCP.
func (s *Server) listeners() (all []pion.ListenerConfig) {
	each := guard.NewCount(s.o.MaxStreamsPerAddress, s.o.MaxStreams)
	for _, l := range []net.Listener{s.o.TCP, s.o.TLS} {
		if l != nil {
			all = append(all, pion.ListenerConfig{
				Listener: &streams{Listener: l, s: s, each: each}, RelayAddressGenerator: generator{s}, PermissionHandler: s.permit,
			})
		}
	}
	return all
}

// permit says whether a client may send to peer.
func (s *Server) permit(_ net.Addr, peer net.IP) bool {
	a, ok := netip.AddrFromSlice(peer)
	if ok = ok && s.mayReach(a); !ok {
		s.refused.Add(1)
	}
	return ok
}

// Relays reports whether the server carries packets, or is for STUN alone.
func (s *Server) Relays() bool { return s.o.PublicIP.IsValid() }

// Addr is where clients send to.
func (s *Server) Addr() netip.AddrPort { return addrOf(s.o.Conn.LocalAddr()) }

// Close ends all allocations and the server.
func (s *Server) Close() error {
	if err := s.pion.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the TURN server: %w", err)
	}
	return nil
}

// Metrics is the state of a server at a moment.
type Metrics struct {
	Allocations int    `json:"allocations"` // open now
	Carried     uint64 `json:"carried"`     // octets, both directions together
	Dropped     uint64 `json:"dropped"`     // packets over the rate
	Refused     uint64 `json:"refused"`     // requests, allocations and peers not allowed
}

// Metrics counts what the server has done so far.
func (s *Server) Metrics() Metrics {
	return Metrics{
		Allocations: s.held.Total(), Carried: s.carried.Load(),
		Dropped: s.dropped.Load(), Refused: s.refused.Load(),
	}
}
