package openscreen

import (
	"context"
	"net"
	"time"
)

// Transport is the QuicTransport of spec/local-peer-to-peer.md: any number of
// streams and datagrams of one protocol, apart from those of other transports of
// the session.
type Transport struct{}

// Protocol is the name that the transport was opened with.
func (t *Transport) Protocol() string { return "" }

// Session is what carries the transport.
func (t *Transport) Session() *Session { return nil }

// OpenStream opens a stream in both directions. The peer sees it with the first
// octets that are written, or when it is closed.
func (t *Transport) OpenStream(ctx context.Context) (*Stream, error) { return nil, errUnbuilt }

// AcceptStream waits for one that the peer opened.
func (t *Transport) AcceptStream(ctx context.Context) (*Stream, error) { return nil, errUnbuilt }

// OpenUniStream opens a stream to the peer alone.
func (t *Transport) OpenUniStream(ctx context.Context) (*SendStream, error) { return nil, errUnbuilt }

// AcceptUniStream waits for one that the peer opened.
func (t *Transport) AcceptUniStream(ctx context.Context) (*ReceiveStream, error) {
	return nil, errUnbuilt
}

// SendDatagram sends p, which may be lost. It fails with kind TooLarge when p is
// longer than MaxDatagram.
func (t *Transport) SendDatagram(p []byte) error { return errUnbuilt }

// MaxDatagram is how long a datagram may surely be: 1100 octets.
func (t *Transport) MaxDatagram() int { return 0 }

// ReceiveDatagram returns the next datagram. Those that nobody receives are
// dropped, the oldest first.
func (t *Transport) ReceiveDatagram(ctx context.Context) ([]byte, error) { return nil, errUnbuilt }

// Close ends the transport with all its streams; the peer learns code and
// reason (at most 1024 octets).
func (t *Transport) Close(code uint32, reason string) error { return errUnbuilt }

// Context ends with the transport; its cause is a [*TransportClosed] when a side
// closed it in order.
func (t *Transport) Context() context.Context { return context.Background() }

// Done is closed when the transport has ended, Err then says why.
func (t *Transport) Done() <-chan struct{} { return nil }

// Err is nil while the transport lasts.
func (t *Transport) Err() error { return nil }

// TransportRequest is a transport that the peer wants to open. It waits, for a
// minute at most, to be accepted or rejected.
type TransportRequest struct {
	Protocol string
}

// Session is what carries it.
func (r *TransportRequest) Session() *Session { return nil }

// Accept says yes.
func (r *TransportRequest) Accept() (*Transport, error) { return nil, errUnbuilt }

// Reject says no.
func (r *TransportRequest) Reject() error { return errUnbuilt }

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

// StreamReset is the error of a stream that the peer gave up: of Read when it
// will send no more, of Write when it will read no more.
type StreamReset struct{ Code uint32 }

func (e *StreamReset) Error() string { return "the other side gave the stream up" }

// SendStream is a stream that is written. It is for one writer at a time.
type SendStream struct{}

// Write writes p, waiting for the peer to take it.
func (s *SendStream) Write(p []byte) (int, error) { return 0, errUnbuilt }

// Close ends the stream in order, after what was written.
func (s *SendStream) Close() error { return errUnbuilt }

// CancelWrite gives the stream up; the peer's Read fails with code.
func (s *SendStream) CancelWrite(code uint32) {}

// SetWriteDeadline works as in net.Conn.
func (s *SendStream) SetWriteDeadline(t time.Time) error { return errUnbuilt }

// ReceiveStream is a stream that is read. It is for one reader at a time.
type ReceiveStream struct{}

// Read reads what has come, io.EOF when the peer closed the stream.
func (s *ReceiveStream) Read(p []byte) (int, error) { return 0, errUnbuilt }

// CancelRead tells the peer that no more will be read; its Write fails with code.
func (s *ReceiveStream) CancelRead(code uint32) {}

// SetReadDeadline works as in net.Conn.
func (s *ReceiveStream) SetReadDeadline(t time.Time) error { return errUnbuilt }

// Stream is a stream in both directions, and a net.Conn. Its Close ends only the
// own direction, as that of QUIC; Abandon gives up both.
type Stream struct {
	*SendStream
	*ReceiveStream
}

// SetDeadline works as in net.Conn.
func (s *Stream) SetDeadline(t time.Time) error { return errUnbuilt }

// LocalAddr is the session's.
func (s *Stream) LocalAddr() net.Addr { return nil }

// RemoteAddr is the session's.
func (s *Stream) RemoteAddr() net.Addr { return nil }

// Abandon gives up both directions.
func (s *Stream) Abandon(code uint32) {}

// OpenChannelOn makes a data channel of a stream that was just opened on a
// transport.
func OpenChannelOn(ctx context.Context, s *Stream, o ChannelOptions) (*DataChannel, error) {
	return nil, errUnbuilt
}

// AcceptChannelOn reads the request for a data channel that a stream, just
// accepted from a transport, begins with.
func AcceptChannelOn(ctx context.Context, s *Stream) (*ChannelRequest, error) {
	return nil, errUnbuilt
}

var _ net.Conn = (*Stream)(nil)
