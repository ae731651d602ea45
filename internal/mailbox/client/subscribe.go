package client

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
)

// Delivery is a message that was leased to this session: acknowledge it within
// the relay's lease, or it is offered again, here or elsewhere.
type Delivery struct {
	Recipient mailbox.ID
	Number    uint64
	ID        mailbox.MessageID
	Body      []byte

	s *Session
}

// Ack erases the message at the relay. When it returns nil it is gone for good.
// It may be called from any goroutine; many at once cost little more than one.
func (d Delivery) Ack(ctx context.Context) error { return d.s.Ack(ctx, d.Recipient, d.Number) }

// Back gives the message back: other sessions are offered it at once, this one
// not before wait has passed.
func (d Delivery) Back(ctx context.Context, wait time.Duration) error {
	p := mailbox.BackPayload{Recipient: d.Recipient, Number: d.Number, Seconds: uint16(min(max(wait/time.Second, 0), 1<<16-1))}
	_, err := d.s.ask(ctx, mailbox.Back, p.Append(nil))
	return err
}

// Lost is closed when the session that the message came by has ended, and with
// it the lease.
func (d Delivery) Lost() <-chan struct{} { return d.s.done }

// subscription is a queue that is listened to.
type subscription struct {
	waiting chan Delivery // has room for all the credit that was given
	stop    chan struct{}
}

// errTooMuch is the error for a relay that sends more than it has credit for.
var errTooMuch = errors.New("the relay sends more than was asked for")

// Subscribe has handle called with what comes into a queue, one after another,
// until the session ends or Unsubscribe. The relay sends up to credit messages
// (at most 1,024) before handle has returned from the first.
func (s *Session) Subscribe(ctx context.Context, recipient ed25519.PrivateKey, credit int, handle func(Delivery)) error {
	if err := s.ProveRecipient(ctx, recipient); err != nil {
		return err
	}
	credit = min(max(credit, 1), 1024)
	id := mailbox.RecipientID(mailbox.PublicKey(recipient))
	sub := &subscription{waiting: make(chan Delivery, credit), stop: make(chan struct{})}
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	if s.handlers[id] != nil {
		defer s.mu.Unlock()
		return fault.New(fault.Conflict, "this session listens to queue %s already", id)
	}
	s.handlers[id] = sub
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		s.handle(id, sub, credit, handle)
	}()
	p := mailbox.CreditPayload{Recipient: id, More: uint16(credit)}
	if _, err := s.ask(ctx, mailbox.Sub, p.Append(nil)); err != nil {
		s.unhandle(id, sub)
		return err
	}
	return nil
}

// Unsubscribe ends a subscription; what was leased by it is offered to others.
func (s *Session) Unsubscribe(ctx context.Context, recipient mailbox.ID) error {
	s.mu.Lock()
	sub := s.handlers[recipient]
	s.mu.Unlock()
	if sub == nil {
		return nil
	}
	s.unhandle(recipient, sub)
	_, err := s.ask(ctx, mailbox.Sub, mailbox.CreditPayload{Recipient: recipient}.Append(nil))
	return err
}

func (s *Session) unhandle(id mailbox.ID, sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers[id] == sub {
		delete(s.handlers, id)
		close(sub.stop)
	}
}

// handle calls f and gives the relay new credit as it goes.
func (s *Session) handle(id mailbox.ID, sub *subscription, credit int, f func(Delivery)) {
	used := 0
	for {
		select {
		case <-s.done:
			return
		case <-sub.stop:
			return
		case d := <-sub.waiting:
			f(d)
			if used++; 2*used >= credit || len(sub.waiting) == 0 {
				s.out.add(mailbox.Credit, 0, mailbox.CreditPayload{Recipient: id, More: uint16(used)}.Append(nil))
				used = 0
			}
		}
	}
}

// deliver hands a message to its subscription. What no subscription waits for
// comes back by its lease.
func (s *Session) deliver(payload []byte) error {
	m, err := mailbox.ParseMsg(payload)
	if err != nil {
		return err
	}
	s.mu.Lock()
	sub := s.handlers[m.Recipient]
	s.mu.Unlock()
	if sub == nil {
		return nil
	}
	d := Delivery{Recipient: m.Recipient, Number: m.Number, ID: m.ID, Body: append([]byte(nil), m.Body...), s: s}
	select {
	case sub.waiting <- d:
		return nil
	default:
		return errTooMuch
	}
}
