package client

import (
	"context"
	"crypto/ed25519"
	"errors"

	"github.com/kith-web/kith/internal/mailbox"
)

// Sender is what is needed to send into a queue: its name for senders, and the
// key in force.
type Sender struct {
	ID  mailbox.ID
	Key ed25519.PrivateKey
}

// FirstSender is who has the key that a queue was made with.
func FirstSender(key ed25519.PrivateKey) Sender {
	return Sender{ID: mailbox.SenderID(mailbox.PublicKey(key)), Key: key}
}

// proofKey names a proof of a session, proof is one that is made or being made.
type (
	proofKey struct {
		role mailbox.Role
		id   mailbox.ID
	}
	proof struct {
		key  mailbox.Key
		done chan struct{}
		err  error // valid when done is closed
	}
)

// NewQueue makes a queue, or renews it, for a recipient's key and the public
// half of its first sender's. days is its class: 1, 7 or 21.
func (s *Session) NewQueue(ctx context.Context, recipient ed25519.PrivateKey, sender mailbox.Key, days uint8) error {
	p := s.place.New(recipient, sender, days)
	if _, err := s.ask(ctx, mailbox.New, p.Append(nil)); err != nil {
		return err
	}
	// It is a proof of the recipient's key, too.
	made := &proof{key: p.Recipient, done: make(chan struct{})}
	close(made.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proofs[proofKey{mailbox.Recipient, mailbox.RecipientID(p.Recipient)}] = made
	return nil
}

// ProveRecipient proves a queue's recipient key, once a session. Methods that
// need a proof make it themselves.
func (s *Session) ProveRecipient(ctx context.Context, recipient ed25519.PrivateKey) error {
	return s.prove(ctx, mailbox.Recipient, mailbox.RecipientID(mailbox.PublicKey(recipient)), recipient)
}

// ProveSender proves the sender key in force, once a session.
func (s *Session) ProveSender(ctx context.Context, sender Sender) error {
	return s.prove(ctx, mailbox.Sender, sender.ID, sender.Key)
}

func (s *Session) prove(ctx context.Context, role mailbox.Role, id mailbox.ID, key ed25519.PrivateKey) error {
	for {
		err := s.proveOnce(ctx, role, id, key)
		if ctx.Err() != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		// Who was making the proof gave up: that is not for us to do.
	}
}

func (s *Session) proveOnce(ctx context.Context, role mailbox.Role, id mailbox.ID, key ed25519.PrivateKey) error {
	at, public := proofKey{role, id}, mailbox.PublicKey(key)
	s.mu.Lock()
	p := s.proofs[at]
	first := p == nil || p.key != public
	if first {
		p = &proof{key: public, done: make(chan struct{})}
		s.proofs[at] = p
	}
	s.mu.Unlock()
	if first {
		r := s.place.Prove(role, id, key)
		_, p.err = s.ask(ctx, mailbox.Prove, r.Append(nil))
		if p.err != nil {
			s.forget(at, p)
		}
		close(p.done)
		return p.err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forget drops a proof, so that it is made again.
func (s *Session) forget(at proofKey, p *proof) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proofs[at] == p {
		delete(s.proofs, at)
	}
}

// Put sends a message, whose body has one of the lengths of the spec; when it
// returns nil the relay keeps it durably. days shortens the queue's class, 0
// keeps it. Sending the same id again is harmless.
func (s *Session) Put(ctx context.Context, to Sender, id mailbox.MessageID, days uint8, body []byte) error {
	if err := s.ProveSender(ctx, to); err != nil {
		return err
	}
	p := mailbox.PutPayload{Sender: to.ID, ID: id, Days: days}
	_, err := s.ask(ctx, mailbox.Put, p.AppendHead(make([]byte, 0, mailbox.PutHead)), body)
	return err
}

// Lock replaces the sender key in force by key, and returns who sends from now
// on.
func (s *Session) Lock(ctx context.Context, sender Sender, key ed25519.PrivateKey) (Sender, error) {
	if err := s.ProveSender(ctx, sender); err != nil {
		return sender, err
	}
	p := s.place.Lock(sender.ID, sender.Key, mailbox.PublicKey(key))
	if _, err := s.ask(ctx, mailbox.Lock, p.Append(nil)); err != nil {
		return sender, err
	}
	return Sender{ID: sender.ID, Key: key}, nil
}

// Delete removes a queue and all that is in it.
func (s *Session) Delete(ctx context.Context, recipient ed25519.PrivateKey) error {
	if err := s.ProveRecipient(ctx, recipient); err != nil {
		return err
	}
	id := mailbox.RecipientID(mailbox.PublicKey(recipient))
	_, err := s.ask(ctx, mailbox.Del, id[:])
	return err
}

// Push leaves a Web Push subscription, as JSON, with a queue; an empty one takes
// it away.
func (s *Session) Push(ctx context.Context, recipient ed25519.PrivateKey, subscription []byte) error {
	if err := s.ProveRecipient(ctx, recipient); err != nil {
		return err
	}
	p := mailbox.PushPayload{Recipient: mailbox.RecipientID(mailbox.PublicKey(recipient)), Subscription: subscription}
	_, err := s.ask(ctx, mailbox.Push, p.Append(nil))
	return err
}

// Ack erases messages of a queue whose recipient was proved. When it returns nil
// they are gone for good.
func (s *Session) Ack(ctx context.Context, recipient mailbox.ID, numbers ...uint64) error {
	for len(numbers) > 0 {
		n := min(len(numbers), mailbox.MaxNumbers)
		p := mailbox.AckPayload{Recipient: recipient, Numbers: numbers[:n]}
		if _, err := s.ask(ctx, mailbox.Ack, p.Append(nil)); err != nil {
			return err
		}
		numbers = numbers[n:]
	}
	return nil
}

// Tickets asks for the right to put count chunks of a size class, as the sender
// of a queue.
func (s *Session) Tickets(ctx context.Context, sender Sender, class, count uint8) ([][]byte, error) {
	if err := s.ProveSender(ctx, sender); err != nil {
		return nil, err
	}
	return s.tickets(ctx, mailbox.TicketPayload{Role: mailbox.Sender, ID: sender.ID, Class: class, Count: count})
}

// TicketsOf asks for the right to put chunks as the recipient of a queue.
func (s *Session) TicketsOf(ctx context.Context, recipient ed25519.PrivateKey, class, count uint8) ([][]byte, error) {
	if err := s.ProveRecipient(ctx, recipient); err != nil {
		return nil, err
	}
	id := mailbox.RecipientID(mailbox.PublicKey(recipient))
	return s.tickets(ctx, mailbox.TicketPayload{Role: mailbox.Recipient, ID: id, Class: class, Count: count})
}

func (s *Session) tickets(ctx context.Context, p mailbox.TicketPayload) ([][]byte, error) {
	answer, err := s.ask(ctx, mailbox.Ticket, p.Append(nil))
	if err != nil {
		return nil, err
	}
	return mailbox.ParseTickets(answer)
}
