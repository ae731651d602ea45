package webtransport

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"
)

// protocol begins the handshake of BEP 3; the infohash comes after eight
// reserved octets.
const (
	protocol = "\x13BitTorrent protocol"
	hashAt   = len(protocol) + 8
	headSize = hashAt + 20
)

// visit is one QUIC connection: it has one session, and not for ever none.
type visit struct {
	conn    *quic.Conn
	session atomic.Bool
	late    *time.Timer
}

// visitKey finds the visit in the context of a request.
type visitKey struct{}

// connContext makes the visit of a connection known to its requests.
func (l *Listener) connContext(ctx context.Context, c *quic.Conn) context.Context {
	v := &visit{conn: c}
	v.late = time.AfterFunc(l.o.HandshakeTime, func() { _ = c.CloseWithError(codeNoError, "no session") })
	context.AfterFunc(c.Context(), func() { v.late.Stop() })
	return context.WithValue(ctx, visitKey{}, v)
}

// admit serves a connection until it ends, unless there are too many.
func (l *Listener) admit(c *quic.Conn) {
	leave, ok := l.guard.enter(c.RemoteAddr())
	if !ok {
		l.o.Log.Debug("too many connections", "from", c.RemoteAddr().String())
		_ = c.CloseWithError(codeExcessiveLoad, "too many connections")
		return
	}
	defer leave()
	if err := l.server.ServeQUICConn(c); err != nil {
		l.o.Log.Debug("connection of a browser", "from", c.RemoteAddr().String(), "error", err)
		_ = c.CloseWithError(codeNoError, "")
	}
}

// handle opens a session, one to a connection, and serves it until it ends.
func (l *Listener) handle(w http.ResponseWriter, r *http.Request) {
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok || r.Method != http.MethodConnect {
		http.Error(w, "peers open a WebTransport session here", http.StatusMethodNotAllowed)
		return
	}
	if v.session.Swap(true) {
		http.Error(w, "the connection has a session", http.StatusTooManyRequests)
		return
	}
	v.late.Stop()
	s, err := l.server.Upgrade(w, r)
	if err != nil {
		l.o.Log.Debug("session of a browser", "from", r.RemoteAddr, "error", err)
		_ = v.conn.CloseWithError(codeNoError, "no session")
		return
	}
	l.streams(s)
	_ = s.CloseWithError(0, "")
	// The browser has nothing more to expect of the connection either.
	_ = v.conn.CloseWithError(codeNoError, "")
}

// streams takes the streams of a session until it ends, or had none for too long.
func (l *Listener) streams(s *webtransport.Session) {
	ctx, stop := context.WithCancel(s.Context())
	defer stop()
	defer context.AfterFunc(l.ctx, stop)()
	open := &tenure{patience: l.o.IdleTime, end: stop}
	open.add(0)
	for {
		stream, err := s.AcceptStream(ctx)
		if err != nil {
			return
		}
		if !open.enter(l.o.MaxStreams) {
			stream.CancelWrite(0)
			stream.CancelRead(0)
			continue
		}
		l.work.Go(func() {
			if !l.receive(s, stream, open) {
				stream.CancelWrite(0)
				stream.CancelRead(0)
				open.add(-1)
			}
		})
	}
}

// tenure counts the streams of a session, and ends it when it had none for too
// long.
type tenure struct {
	patience time.Duration
	end      func()

	mu    sync.Mutex
	count int
	timer *time.Timer
}

// enter counts a stream, unless there are most.
func (t *tenure) enter(most int) bool {
	t.mu.Lock()
	full := t.count >= most
	t.mu.Unlock()
	if !full { // only one goroutine enters
		t.add(1)
	}
	return !full
}

func (t *tenure) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count += n
	switch {
	case t.count > 0 && t.timer != nil:
		t.timer.Stop()
		t.timer = nil
	case t.count == 0 && t.timer == nil:
		t.timer = time.AfterFunc(t.patience, t.end)
	}
}

// receive finds the receiver of a stream.
func (l *Listener) receive(s *webtransport.Session, stream *webtransport.Stream, open *tenure) bool {
	head := make([]byte, headSize)
	if stream.SetReadDeadline(time.Now().Add(l.o.HandshakeTime)) != nil {
		return false
	}
	if _, err := io.ReadFull(stream, head); err != nil || !bytes.HasPrefix(head, []byte(protocol)) {
		return false
	}
	if stream.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	swarm := [20]byte(head[hashAt:])
	l.conns.Add(1)
	c := &conn{
		Stream: stream, rest: head, local: Addr{s.LocalAddr().String()}, remote: Addr{s.RemoteAddr().String()},
		onClose: sync.OnceFunc(func() { open.add(-1); l.conns.Add(-1) }),
	}
	l.mu.RLock()
	receivers := l.receivers
	l.mu.RUnlock()
	for _, take := range receivers {
		if take(swarm, net.Conn(c)) {
			return true
		}
	}
	l.o.Log.Debug("a browser asks for an unknown swarm", "from", c.remote.addr)
	l.conns.Add(-1)
	return false
}
