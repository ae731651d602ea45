package mailbox

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// maxOut is how much may wait to be written before nothing more is delivered or
// read; pieceOut is how much is written as one message, unless one record has
// more.
const (
	maxOut   = 1 << 20
	pieceOut = 256 << 10
)

// send queues a record.
func (s *session) send(t mailbox.Type, tag uint32, parts ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.append(t, tag, parts...)
}

func (s *session) append(t mailbox.Type, tag uint32, parts ...[]byte) {
	if s.gone {
		return
	}
	if s.out == nil {
		s.out = s.p.buffers.Get().(*[]byte)
		*s.out = (*s.out)[:0]
	}
	*s.out = mailbox.Append(*s.out, t, tag, parts...)
	s.flushNow()
}

func (s *session) flushNow() {
	if !s.flushing && !s.gone {
		s.flushing = true
		go s.flush()
	}
}

// flushIfLast has the goodbye said when the last command is answered.
func (s *session) flushIfLast() {
	if s.closing != 0 && s.inflight == 0 {
		s.flushNow()
	}
}

// offerTo queues a message, unless too much waits already: then the hub is told
// when there is room. The hub's lock is held.
func (s *session) offerTo(to queue.ID, m queue.Message) bool {
	var head [mailbox.MsgHead]byte
	h := mailbox.MsgPayload{Recipient: mailbox.ID(to), Number: m.Number, ID: mailbox.MessageID(m.ID)}.AppendHead(head[:0])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.closing != 0 {
		return false
	}
	if s.isStuffed() {
		return false
	}
	s.append(mailbox.Msg, 0, h, m.Body)
	return true
}

// answer says what became of a command.
func (s *session) answer(tag uint32, err error, payload ...[]byte) {
	var w waitError
	switch {
	case err == nil:
		s.send(mailbox.OK, tag, payload...)
	case errors.As(err, &w):
		s.p.count.waits.Add(1)
		s.send(mailbox.Wait, tag, mailbox.AppendWait(nil, uint16(w)))
	default:
		s.p.count.refused.Add(1)
		s.send(mailbox.No, tag)
	}
}

// waitError is what is answered WAIT with so many seconds.
type waitError uint16

// Error is for the log.
func (e waitError) Error() string { return "wait " + itoa(int(e)) + " seconds" }

// askAlive has a ping sent.
func (s *session) askAlive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ping = true
	s.flushNow()
}

// farewell says goodbye with a status code when all that was begun is answered
// and written.
func (s *session) farewell(code uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing == 0 {
		s.closing = code
	}
	s.room.Signal()
	s.flushIfLast()
}

// flush writes what waits until nothing does.
func (s *session) flush() {
	for {
		s.mu.Lock()
		out, ping, goodbye := s.out, s.ping, s.closing
		s.out, s.ping = nil, false
		last := goodbye != 0 && s.inflight == 0
		if out == nil && !ping && !last {
			s.flushing = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		err := s.write(out, ping, last, goodbye)
		if out != nil {
			s.p.recycle(out)
		}
		if err != nil || last {
			s.close()
			return
		}
		s.mu.Lock()
		stuffed := s.stuffed
		s.stuffed = false
		s.room.Signal()
		s.mu.Unlock()
		if stuffed {
			s.p.hub.wake(s)
		}
	}
}

// write writes records, a ping and a goodbye, as far as they are wanted.
func (s *session) write(out *[]byte, ping, last bool, goodbye uint16) error {
	until := time.Now().Add(s.p.o.Patience)
	if err := s.ws.SetWriteDeadline(until); err != nil {
		return err
	}
	if out != nil {
		for rest := *out; len(rest) > 0; {
			n := piece(rest)
			if err := s.ws.WriteMessage(websocket.BinaryMessage, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	if ping {
		if err := s.ws.WriteControl(websocket.PingMessage, nil, until); err != nil {
			return err
		}
	}
	if last {
		return s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(goodbye), ""), until)
	}
	return nil
}

// piece is the length of the whole records that b begins with and that go into
// one message.
func piece(b []byte) int {
	if len(b) <= pieceOut {
		return len(b)
	}
	for n := 0; ; {
		_, rest, err := mailbox.Next(b[n:])
		end := len(b) - len(rest)
		if err != nil || end > pieceOut && n > 0 {
			return max(n, 1)
		}
		if n = end; n == len(b) {
			return n
		}
	}
}

// close ends the connection; the goroutine that reads it then cleans up.
func (s *session) close() {
	s.mu.Lock()
	gone := s.gone
	s.gone = true
	s.room.Broadcast()
	s.mu.Unlock()
	if gone {
		return
	}
	if err := s.ws.Close(); err != nil {
		s.p.o.Log.Debug("cannot close a session", "error", err)
	}
}

// hasRoom reports whether more may be delivered now; if not, the hub is told
// when there is. The hub's lock is held.
func (s *session) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.closing != 0 {
		return false
	}
	return !s.isStuffed()
}

// isStuffed reports whether too much waits for another message, and has the hub
// told when it does not.
func (s *session) isStuffed() bool {
	full := s.out != nil && len(*s.out) >= maxOut
	s.stuffed = s.stuffed || full
	return full
}
