package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/mailbox"
)

// errClosed is what a connection says that was closed before.
var errClosed = net.ErrClosed

// outSize is how many octets of records go into one message, unless one record
// alone has more.
const outSize = 128 << 10

// outbox is the messages that wait to be written.
type outbox struct {
	mu    sync.Mutex
	list  [][]byte
	spare []byte
	ready chan struct{} // holds one when there may be something
}

func (o *outbox) add(t mailbox.Type, tag uint32, parts ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := mailbox.HeadSize
	for _, p := range parts {
		n += len(p)
	}
	last := len(o.list) - 1
	if last < 0 || len(o.list[last])+n > outSize {
		o.list = append(o.list, o.spare[:0])
		o.spare = nil
		last++
	}
	o.list[last] = mailbox.Append(o.list[last], t, tag, parts...)
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// take returns the next message, nil when there is none, and takes back the one
// before.
func (o *outbox) take(before []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if before != nil {
		o.spare = before[:0]
	}
	if len(o.list) == 0 {
		return nil
	}
	m := o.list[0]
	o.list[0] = nil
	o.list = o.list[1:]
	return m
}

// write sends what is in the outbox until ctx ends.
func (s *Session) write(ctx context.Context) error {
	var message []byte
	for {
		if message = s.out.take(message); message == nil {
			select {
			case <-ctx.Done():
				return nil
			case <-s.out.ready:
			}
			continue
		}
		if err := s.conn.Write(ctx, websocket.MessageBinary, message); err != nil {
			return err
		}
	}
}

// read hands out what the relay says until the session ends.
func (s *Session) read(ctx context.Context) error {
	var buf []byte
	for {
		kind, r, err := s.conn.Reader(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			return mailbox.ErrMalformed
		}
		if buf, err = readAll(r, buf[:0]); err != nil {
			return err
		}
		for rest := buf; len(rest) > 0; {
			var record mailbox.Record
			if record, rest, err = mailbox.Next(rest); err != nil {
				return err
			}
			if err := s.take(record); err != nil {
				return err
			}
		}
		if cap(buf) > 2*outSize {
			buf = nil
		}
	}
}

// readAll appends all of r to b; the connection's limit bounds it.
func readAll(r io.Reader, b []byte) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, make([]byte, max(4<<10, len(b)))...)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// take does what a record of the relay asks for.
func (s *Session) take(r mailbox.Record) error {
	switch r.Type {
	case mailbox.OK, mailbox.No, mailbox.Wait:
		s.mu.Lock()
		waiting := s.pending[r.Tag]
		delete(s.pending, r.Tag)
		s.mu.Unlock()
		if waiting != nil { // else whoever asked gave up
			r.Payload = append([]byte(nil), r.Payload...)
			waiting <- r
		}
	case mailbox.Msg:
		return s.deliver(r.Payload)
	case mailbox.Moved:
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.goodbye {
			s.goodbye = true
			close(s.moved)
		}
	default: // from a later version
	}
	return nil
}

// ask sends a command and waits for its answer, which it returns when that is
// OK.
func (s *Session) ask(ctx context.Context, t mailbox.Type, parts ...[]byte) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, s.o.Timeout)
	defer stop()
	select {
	case s.slots <- struct{}{}:
	case <-s.done:
		return nil, s.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.slots }()
	answer := make(chan mailbox.Record, 1)
	s.mu.Lock()
	if s.tag++; s.tag == 0 { // 0 is what a relay says by itself
		s.tag++
	}
	tag := s.tag
	s.pending[tag] = answer
	s.mu.Unlock()
	s.out.add(t, tag, parts...)
	select {
	case r := <-answer:
		return outcome(r)
	case <-s.done:
		return nil, s.Err()
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.pending, tag)
		s.mu.Unlock()
		return nil, ctx.Err()
	}
}

// outcome is what an answer means.
func outcome(r mailbox.Record) ([]byte, error) {
	switch r.Type {
	case mailbox.OK:
		return r.Payload, nil
	case mailbox.Wait:
		seconds, err := mailbox.ParseWait(r.Payload)
		if err != nil {
			return nil, fmt.Errorf("read WAIT: %w", err)
		}
		return nil, &WaitError{Seconds: int(seconds)}
	}
	return nil, ErrNo
}
