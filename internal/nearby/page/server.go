package page

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/consent"
)

// App is who a page belongs to.
type App struct {
	// ID is the canonical address of a site, or an origin of the web. It is what
	// people are asked about, and what must be the same on both devices.
	ID string
	// Origin is the origin that the browser says the page has.
	Origin string
	// Grant is the one that lets an origin of the web in; "" for a site.
	Grant string
}

// Server holds the sockets of all pages.
type Server struct {
	o    Options
	ctx  context.Context
	stop context.CancelCauseFunc
	wait sync.WaitGroup

	mu        sync.Mutex
	sockets   map[*socket]bool
	receivers map[string][]*receiver // by app, in the order in which they started
	links     map[string]*link
	incoming  map[string]int // connections that wait for an answer, by device
}

var (
	errEnded   = errors.New("the node ends")
	errRevoked = errors.New("the permission was taken back")
	errStopped = errors.New("the page stopped it")
)

// New returns a Server, which cuts what is no longer allowed from then on.
func New(o Options) (*Server, error) {
	if o.Desk == nil || o.Network == nil {
		return nil, fault.New(fault.Internal, "nearby/page: a desk and a network are needed")
	}
	o.setDefaults()
	s := &Server{
		o: o, sockets: map[*socket]bool{}, receivers: map[string][]*receiver{}, links: map[string]*link{}, incoming: map[string]int{},
	}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	o.Desk.OnRevoke(s.revoked)
	return s, nil
}

// Close ends every page's socket and what it opened.
func (s *Server) Close() error {
	s.stop(errEnded)
	s.wait.Wait()
	return nil
}

// ServeSite serves the WebSocket of a page on a site's own origin. The caller
// vouches for the Host, and so for the app.
func (s *Server) ServeSite(w http.ResponseWriter, r *http.Request, app App) {
	if r.Header.Get("Origin") != app.Origin {
		refuse(w)
		return
	}
	s.serve(w, r, app)
}

// ServeOrigin serves the WebSocket of a page of another origin, which shows the
// capability that the person gave it.
func (s *Server) ServeOrigin(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	grant, ok := consent.Grant{}, false
	if origin != "" {
		grant, ok = s.o.Desk.Connected(origin, capabilityOf(r))
	}
	if !ok {
		refuse(w)
		return
	}
	s.serve(w, r, App{ID: origin, Origin: origin, Grant: grant.ID})
}

// capabilityOf reads the subprotocol that carries a capability: a page cannot
// add headers to a WebSocket.
func capabilityOf(r *http.Request) string {
	for _, header := range r.Header.Values("Sec-Websocket-Protocol") {
		for offered := range strings.SplitSeq(header, ",") {
			if c, ok := strings.CutPrefix(strings.TrimSpace(offered), "cap."); ok {
				return c
			}
		}
	}
	return ""
}

// refuse answers whoever may not talk to this node. It says the same of all.
func refuse(w http.ResponseWriter) {
	http.Error(w, "this page may not talk to the node", http.StatusForbidden)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, app App) {
	if !isUpgrade(r) {
		http.Error(w, "this is the place of a WebSocket", http.StatusUpgradeRequired)
		return
	}
	sk := newSocket(s, app)
	if !s.enter(sk) {
		sk.cancel(errEnded)
		http.Error(w, "too many pages talk to this node", http.StatusServiceUnavailable)
		return
	}
	defer s.leave(sk)
	// The origin is checked above.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		s.o.Log.Debug("a page's WebSocket was refused", "app", app.ID, "error", err)
		return
	}
	sk.run(ws)
}

func isUpgrade(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(r.Header.Get("Upgrade"))), []byte("websocket")) == 1
}

func (s *Server) enter(sk *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := 0
	for x := range s.sockets {
		if x.app.ID == sk.app.ID {
			of++
		}
	}
	if s.ctx.Err() != nil || len(s.sockets) >= s.o.MaxSockets || of >= s.o.MaxAppSockets {
		return false
	}
	s.sockets[sk] = true
	s.wait.Add(1)
	return true
}

func (s *Server) leave(sk *socket) {
	s.mu.Lock()
	delete(s.sockets, sk)
	s.mu.Unlock()
	s.wait.Done()
}

// revoked ends what a grant allowed.
func (s *Server) revoked(g consent.Grant) {
	s.mu.Lock()
	var ends []func()
	switch g.Kind {
	case consent.Connect:
		for sk := range s.sockets {
			if sk.app.Grant == g.ID {
				ends = append(ends, func() { sk.cancel(errRevoked) })
			}
		}
	case consent.Advertise:
		for _, r := range s.receivers[g.App] {
			ends = append(ends, func() { r.cancel(errRevoked) })
		}
	case consent.Reach, consent.Incoming:
		for _, l := range s.links {
			if g.Device != nil && l.App == g.App && l.Device.ID == g.Device.ID && l.Incoming == (g.Kind == consent.Incoming) {
				ends = append(ends, func() { l.end(errRevoked) })
			}
		}
	}
	s.mu.Unlock()
	for _, end := range ends {
		end()
	}
}

// receiver is a page that others may connect to.
type receiver struct {
	sk       *socket
	id       uint32
	nickname string
	ctx      context.Context
	cancel   context.CancelCauseFunc
}

func (s *Server) addReceiver(r *receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receivers[r.sk.app.ID] = append(s.receivers[r.sk.app.ID], r)
}

func (s *Server) removeReceiver(r *receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := r.sk.app.ID
	left := slices.DeleteFunc(s.receivers[app], func(x *receiver) bool { return x == r })
	if s.receivers[app] = left; len(left) == 0 {
		delete(s.receivers, app)
	}
}

// newest is the page of an app that was made discoverable last.
func (s *Server) newest(app string) *receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.receivers[app]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}
