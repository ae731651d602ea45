package swarm

import (
	"context"
	"net"
	"sync"

	"golang.org/x/time/rate"

	"github.com/kith-web/kith/internal/engine"
)

// Server serves swarms.
type Server struct {
	o     Options
	cache *cache
	limit *rate.Limiter // nil: none
	ctx   context.Context
	stop  context.CancelFunc
	work  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	swarms map[[20]byte]*Swarm
	peers  int
}

// New makes a server that serves nothing yet.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{o: o, cache: newCache(o.Cache), swarms: map[[20]byte]*Swarm{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if o.UploadRate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(o.UploadRate), int(max(o.UploadRate/4, maxBlock)))
	}
	return s
}

// PeerID is what this node is called in handshakes.
func (s *Server) PeerID() [20]byte { return s.o.PeerID }

// Serve serves the pieces of p under the index x until leave is called. Serving
// what is served already counts, and ends with the last leave.
func (s *Server) Serve(x engine.Index, p engine.Piecer) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.swarms[x.Swarm]
	if w == nil || s.closed {
		w = newSwarm(s, x, p)
		if !s.closed {
			s.swarms[x.Swarm] = w
		}
	}
	w.users++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		w.users--
		last := w.users == 0 && s.swarms[x.Swarm] == w
		if last {
			delete(s.swarms, x.Swarm)
		}
		s.mu.Unlock()
		if last {
			w.end()
		}
	})
}

// Find returns the swarm of a name, if it is served.
func (s *Server) Find(name [20]byte) (*Swarm, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.swarms[name]
	return w, ok
}

// Take takes a connection of a peer whose handshake, not read yet, names a swarm.
// It returns false when the swarm is not served here; the connection is the
// Server's otherwise.
func (s *Server) Take(name [20]byte, c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.swarms[name]
	if w == nil || s.closed {
		return false
	}
	if s.peers >= s.o.MaxPeers || !w.admit(c) {
		_ = c.Close()
		return true
	}
	s.peers++
	s.work.Go(func() {
		w.run(c)
		s.mu.Lock()
		s.peers--
		s.mu.Unlock()
	})
	return true
}

// Peers counts connections.
func (s *Server) Peers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers
}

// Close ends all connections.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	swarms := s.swarms
	s.swarms = map[[20]byte]*Swarm{}
	s.mu.Unlock()
	s.stop()
	for _, w := range swarms {
		w.end()
	}
	s.work.Wait()
	return nil
}
