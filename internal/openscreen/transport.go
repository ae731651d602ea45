package openscreen

import (
	"context"
	"errors"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/wire"
)

// Transport is the QuicTransport of spec/local-peer-to-peer.md: any number of
// streams and datagrams of one protocol, apart from those of other transports of
// the session.
type Transport struct {
	session   *Session
	id        uint64
	protocol  string
	answer    chan wire.Result // of the peer, to the one who opened
	streams   *queue[*Stream]
	uni       *queue[*ReceiveStream]
	datagrams *queue[[]byte]
	ctx       context.Context
	cancel    context.CancelCauseFunc

	mu   sync.Mutex
	open map[interface{ giveUp() }]struct{}
}

func newTransport(s *Session, id uint64, protocol string) *Transport {
	t := &Transport{
		session: s, id: id, protocol: protocol, answer: make(chan wire.Result, 1),
		streams: newQueue[*Stream](s.agent.o.Limits.Streams), uni: newQueue[*ReceiveStream](s.agent.o.Limits.Streams),
		datagrams: newQueue[[]byte](oldDatagrams), open: map[interface{ giveUp() }]struct{}{},
	}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	return t
}

// Protocol is the name that the transport was opened with.
func (t *Transport) Protocol() string { return t.protocol }

// Session is what carries the transport.
func (t *Transport) Session() *Session { return t.session }

// OpenStream opens a stream in both directions. The peer sees it at once.
func (t *Transport) OpenStream(ctx context.Context) (*Stream, error) {
	q, err := t.session.conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, t.explain(err)
	}
	st := newStream(t.session, q, t)
	if _, err := q.Write(t.head(wire.KeyTransportStream)); err != nil || !t.hold(st.SendStream, st.ReceiveStream) {
		st.Abandon(0)
		return nil, t.explain(errors.Join(err, t.Err()))
	}
	return st, nil
}

// OpenUniStream opens a stream to the peer alone. The peer sees it at once.
func (t *Transport) OpenUniStream(ctx context.Context) (*SendStream, error) {
	q, err := t.session.conn.OpenUniStreamSync(ctx)
	if err != nil {
		return nil, t.explain(err)
	}
	st := &SendStream{half: half{session: t.session, transport: t}, w: q}
	if _, err := q.Write(t.head(wire.KeyTransportStream)); err != nil || !t.hold(st) {
		st.CancelWrite(0)
		return nil, t.explain(errors.Join(err, t.Err()))
	}
	return st, nil
}

// head is what streams and datagrams of the transport begin with.
func (t *Transport) head(k wire.Key) []byte {
	return quicvarint.Append(quicvarint.Append(nil, uint64(k)), t.id)
}

// AcceptStream waits for one that the peer opened.
func (t *Transport) AcceptStream(ctx context.Context) (*Stream, error) { return t.streams.pop(ctx) }

// AcceptUniStream waits for one that the peer opened.
func (t *Transport) AcceptUniStream(ctx context.Context) (*ReceiveStream, error) {
	return t.uni.pop(ctx)
}

// SendDatagram sends p, which may be lost. It fails with kind TooLarge when p is
// longer than MaxDatagram.
func (t *Transport) SendDatagram(p []byte) error {
	if err := t.Err(); err != nil {
		return err
	}
	if len(p) > t.MaxDatagram() {
		return fault.New(fault.TooLarge, "a datagram of %d octets is over %d", len(p), t.MaxDatagram())
	}
	return t.explain(t.session.conn.SendDatagram(append(t.head(wire.KeyTransportDatagram), p...)))
}

// MaxDatagram is how long a datagram may surely be.
func (t *Transport) MaxDatagram() int { return maxDatagram }

// ReceiveDatagram returns the next datagram. Those that nobody receives are
// dropped, the oldest first.
func (t *Transport) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	return t.datagrams.pop(ctx)
}

// Close ends the transport with all its streams; the peer learns code and
// reason (at most 1024 octets).
func (t *Transport) Close(code uint32, reason string) error {
	if len(reason) > 1024 {
		return fault.New(fault.Invalid, "a reason of %d octets is over 1024", len(reason))
	}
	if !t.end(&TransportClosed{Code: code, Reason: reason}) {
		return nil
	}
	return t.session.send(&wire.TransportClose{Transport: t.id, Code: uint64(code), Reason: reason})
}

// Context ends with the transport; its cause is a [*TransportClosed] when a side
// closed it in order.
func (t *Transport) Context() context.Context { return t.ctx }

// Done is closed when the transport has ended, Err then says why.
func (t *Transport) Done() <-chan struct{} { return t.ctx.Done() }

// Err is nil while the transport lasts.
func (t *Transport) Err() error { return context.Cause(t.ctx) }

// end ends the transport on this side, and reports whether it lasted until now.
func (t *Transport) end(why error) bool {
	t.mu.Lock()
	if t.ctx.Err() != nil {
		t.mu.Unlock()
		return false
	}
	t.cancel(why)
	open := t.open
	t.open = nil
	t.mu.Unlock()
	for s := range open {
		s.giveUp()
	}
	for _, s := range t.streams.close(why) {
		s.Abandon(0)
	}
	for _, s := range t.uni.close(why) {
		s.CancelRead(0)
	}
	t.datagrams.close(why)
	t.session.transports.remove(t.id)
	return true
}

// hold keeps halves of streams to be given up with the transport, and reports
// whether it lasts.
func (t *Transport) hold(halves ...interface{ giveUp() }) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		return false
	}
	for _, h := range halves {
		t.open[h] = struct{}{}
	}
	return true
}

func (t *Transport) drop(h interface{ giveUp() }) {
	t.mu.Lock()
	delete(t.open, h)
	t.mu.Unlock()
}

// explain prefers the end of the transport or session to what it causes.
func (t *Transport) explain(err error) error {
	if err == nil {
		return nil
	}
	if end := t.Err(); end != nil {
		return end
	}
	return t.session.explain(err)
}

// TransportClosed is how a transport was closed.
type TransportClosed struct {
	Code   uint32
	Reason string
	// Remote says that the peer closed it.
	Remote bool
}

func (e *TransportClosed) Error() string {
	if e.Reason == "" {
		return "the transport was closed"
	}
	return "the transport was closed: " + e.Reason
}

// transportUni hands a stream of the peer to its transport.
func (s *Session) transportUni(q *quic.ReceiveStream) {
	t := s.transportOf(quicvarint.NewReader(q))
	if t == nil {
		q.CancelRead(streamGone)
		return
	}
	st := &ReceiveStream{half: half{session: s, transport: t}, r: q}
	if !t.hold(st) || !t.uni.push(st) {
		st.giveUp()
		st.end()
	}
}

// transportBidi hands a stream of the peer to its transport.
func (s *Session) transportBidi(q *quic.Stream) {
	t := s.transportOf(quicvarint.NewReader(q))
	if t == nil {
		q.CancelRead(streamGone)
		q.CancelWrite(streamGone)
		return
	}
	st := newStream(s, q, t)
	if !t.hold(st.SendStream, st.ReceiveStream) || !t.streams.push(st) {
		st.SendStream.giveUp()
		st.ReceiveStream.giveUp()
		st.Abandon(0)
	}
}

// transportOf reads the number of a transport and waits for it: a stream may
// overtake the messages that open it.
func (s *Session) transportOf(r quicvarint.Reader) *Transport {
	id, err := quicvarint.Read(r)
	if err != nil {
		return nil
	}
	select {
	case <-s.auth.done:
	case <-s.done:
		return nil
	}
	return s.transports.wait(s.conn.Context(), id)
}
