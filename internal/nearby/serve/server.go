package serve

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/door"
	"github.com/kith-web/kith/internal/openscreen"
)

// Bounds on what visitors may cost.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
	maxVisitors = 256
	tellTime    = 10 * time.Second
	maxTold     = 64 << 10
)

// Options of a Server.
type Options struct {
	// Nearby knows who is paired.
	Nearby *nearby.Service
	// Kept is what Keep was given last; nil for nothing. Keep writes what is
	// served, so that it is served again after a restart; nil keeps nothing.
	Kept []byte
	Keep func([]byte) error
	Log  *slog.Logger
}

// Server serves to paired devices.
type Server struct {
	o        Options
	shelf    shelf
	upstream *http.Transport
	http     *http.Server
	conns    *conns
}

// New starts serving what was kept.
func New(o Options) (*Server, error) {
	if o.Nearby == nil {
		return nil, fault.New(fault.Internal, "serve: nearby is needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		o:        o,
		shelf:    shelf{serves: map[string]Serve{}, handlers: map[string]http.Handler{}, roots: map[string]*os.Root{}},
		upstream: &http.Transport{Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: idleTime},
		conns:    newConns(),
	}
	var kept []Serve
	if len(o.Kept) > 0 {
		if err := json.Unmarshal(o.Kept, &kept); err != nil {
			return nil, fault.New(fault.Corrupt, "what was served cannot be read: %w", err)
		}
	}
	s.o.Keep = nil
	for _, v := range kept {
		if err := s.Add(v); err != nil {
			o.Log.Warn("a folder is not served any more", "name", v.Name, "error", err)
		}
	}
	s.o.Keep = o.Keep
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: s.errors(),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, c.(*visit).peer)
		},
	}
	go func() { _ = s.http.Serve(s.conns) }()
	o.Nearby.Handle(Protocol, s.tell)
	o.Nearby.Door().Handle(Protocol, s.visit)
	return s, nil
}

// Close ends every connection.
func (s *Server) Close() error {
	s.upstream.CloseIdleConnections()
	return s.http.Close()
}

func (s *Server) errors() *log.Logger {
	return slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug)
}

// peerKey is the context key of a request's device.
type peerKey struct{}

// visit takes a connection of a paired device, and no other.
func (s *Server) visit(c *door.Conn) {
	if !s.o.Nearby.Paired(openscreen.Fingerprint(c.Peer())) || !s.conns.put(&visit{Conn: c, peer: c.Peer()}) {
		_ = c.Close()
	}
}

// answer serves one request. A device that was forgotten meanwhile gets nothing
// more.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	peer, _ := r.Context().Value(peerKey{}).(door.Fingerprint)
	if !s.o.Nearby.Paired(openscreen.Fingerprint(peer)) {
		w.Header().Set("Connection", "close")
		http.Error(w, "this device is not paired any more", http.StatusForbidden)
		return
	}
	name, ok := s.named(r.Host)
	if !ok {
		http.Error(w, "this host is not served here", http.StatusMisdirectedRequest)
		return
	}
	s.shelf.mu.RLock()
	h := s.shelf.handlers[name]
	s.shelf.mu.RUnlock()
	if h == nil {
		w.Header().Set(absentHeader, "1")
		http.Error(w, "nothing is served here by this name", http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, r)
}

// absentHeader marks the answer of a device that serves nothing by a name.
const absentHeader = "Kith-Nothing-Served"

// named reads which serve a host names: nearby-<this device><name>.localhost.
func (s *Server) named(host string) (string, bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	label, ok := strings.CutSuffix(strings.ToLower(host), ".localhost")
	if !ok {
		return "", false
	}
	return strings.CutPrefix(label, "nearby-"+s.o.Nearby.ID())
}

// tell says to a paired device what is served, and where.
func (s *Server) tell(ctx context.Context, r *openscreen.TransportRequest) {
	t, err := r.Accept()
	if err != nil {
		return
	}
	defer func() { _ = t.Close(0, "") }()
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	stream, err := t.AcceptStream(ctx)
	if err != nil {
		return
	}
	data, err := json.Marshal(list{Port: s.o.Nearby.Door().Port(), Serves: s.told()})
	if err == nil {
		_ = stream.SetDeadline(time.Now().Add(tellTime))
		_, err = stream.Write(data)
	}
	if err != nil {
		return
	}
	_ = stream.Close()
	select { // the visitor closes when it has read
	case <-t.Done():
	case <-ctx.Done():
	}
}

// list is what a device tells of what it serves.
type list struct {
	Port   int    `json:"port"`
	Serves []Told `json:"serves"`
}

// visit is a connection with the device behind it.
type visit struct {
	net.Conn
	peer door.Fingerprint
	free func()
	once sync.Once
}

func (v *visit) Close() error {
	v.once.Do(func() {
		if v.free != nil {
			v.free()
		}
	})
	return v.Conn.Close()
}

// conns is a net.Listener of connections that come from elsewhere.
type conns struct {
	ready chan net.Conn
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func newConns() *conns {
	return &conns{ready: make(chan net.Conn), slots: make(chan struct{}, maxVisitors), done: make(chan struct{})}
}

// put hands a connection over; it reports false when there are too many.
func (c *conns) put(v *visit) bool {
	select {
	case c.slots <- struct{}{}:
	default:
		return false
	}
	v.free = func() { <-c.slots }
	select {
	case c.ready <- v:
		return true
	case <-c.done:
		v.free()
		v.free = nil
		return false
	}
}

// Accept implements net.Listener.
func (c *conns) Accept() (net.Conn, error) {
	select {
	case v := <-c.ready:
		return v, nil
	case <-c.done:
		return nil, net.ErrClosed
	}
}

func (c *conns) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}

// Addr implements net.Listener.
func (c *conns) Addr() net.Addr { return &net.TCPAddr{} }
