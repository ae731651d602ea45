package openscreen

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// streamGone is the code of streams that end with their transport, above those
// that applications can use.
const streamGone quic.StreamErrorCode = 1<<32 + 1

// StreamReset is the error of a stream that the peer gave up: of Read when it
// will send no more, of Write when it will read no more.
type StreamReset struct{ Code uint32 }

func (e *StreamReset) Error() string { return "the other side gave the stream up" }

// writeSide and readSide are the halves of QUIC streams of both kinds.
type writeSide interface {
	io.WriteCloser
	CancelWrite(quic.StreamErrorCode)
	SetWriteDeadline(time.Time) error
}

type readSide interface {
	io.Reader
	CancelRead(quic.StreamErrorCode)
	SetReadDeadline(time.Time) error
}

// half is what the two halves have in common: whose they are.
type half struct {
	session   *Session
	transport *Transport // nil for the stream of a session's data channel
	over      sync.Once
}

// why makes the error of a stream one of this package.
func (h *half) why(err error) error {
	var reset *quic.StreamError
	var app *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case h.transport != nil && h.transport.Err() != nil:
		return h.transport.Err()
	case errors.As(err, &reset) && !reset.Remote:
		return net.ErrClosed
	case errors.As(err, &reset):
		return &StreamReset{Code: uint32(min(reset.ErrorCode, 1<<32-1))}
	case errors.As(err, &app), errors.As(err, &idle):
		return ended(err)
	}
	return err
}

// SendStream is a stream that is written. It is for one writer at a time.
type SendStream struct {
	half
	w writeSide
}

// Write writes p, waiting for the peer to take it.
func (s *SendStream) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		err = s.why(err)
	}
	return n, err
}

// Close ends the stream in order, after what was written.
func (s *SendStream) Close() error {
	s.end()
	return s.why(s.w.Close())
}

// CancelWrite gives the stream up; the peer's Read fails with code.
func (s *SendStream) CancelWrite(code uint32) {
	s.end()
	s.w.CancelWrite(quic.StreamErrorCode(code))
}

// SetWriteDeadline works as in net.Conn.
func (s *SendStream) SetWriteDeadline(t time.Time) error { return s.w.SetWriteDeadline(t) }

func (s *SendStream) end() {
	s.over.Do(func() {
		if s.transport != nil {
			s.transport.drop(s)
		}
	})
}

func (s *SendStream) giveUp() { s.w.CancelWrite(streamGone) }

// ReceiveStream is a stream that is read. It is for one reader at a time.
type ReceiveStream struct {
	half
	r readSide
}

// Read reads what has come, io.EOF when the peer closed the stream.
func (s *ReceiveStream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		if errors.Is(err, io.EOF) {
			s.end()
		}
		err = s.why(err)
	}
	return n, err
}

// CancelRead tells the peer that no more will be read; its Write fails with code.
func (s *ReceiveStream) CancelRead(code uint32) {
	s.end()
	s.r.CancelRead(quic.StreamErrorCode(code))
}

// SetReadDeadline works as in net.Conn.
func (s *ReceiveStream) SetReadDeadline(t time.Time) error { return s.r.SetReadDeadline(t) }

func (s *ReceiveStream) end() {
	s.over.Do(func() {
		if s.transport != nil {
			s.transport.drop(s)
		}
	})
}

func (s *ReceiveStream) giveUp() { s.r.CancelRead(streamGone) }

// Stream is a stream in both directions, and a net.Conn. Its Close ends only the
// own direction, as that of QUIC; Abandon gives up both.
type Stream struct {
	*SendStream
	*ReceiveStream
	session *Session
}

var _ net.Conn = (*Stream)(nil)

func newStream(s *Session, q *quic.Stream, t *Transport) *Stream {
	return &Stream{
		SendStream:    &SendStream{half: half{session: s, transport: t}, w: q},
		ReceiveStream: &ReceiveStream{half: half{session: s, transport: t}, r: q},
		session:       s,
	}
}

// SetDeadline works as in net.Conn.
func (s *Stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// LocalAddr is the session's.
func (s *Stream) LocalAddr() net.Addr { return s.session.conn.LocalAddr() }

// RemoteAddr is the session's.
func (s *Stream) RemoteAddr() net.Addr { return s.session.conn.RemoteAddr() }

// Abandon gives up both directions.
func (s *Stream) Abandon(code uint32) {
	s.CancelRead(code)
	s.CancelWrite(code)
}
