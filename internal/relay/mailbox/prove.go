package mailbox

import (
	"context"
	"crypto/subtle"
	"errors"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// proofKey names a side of a queue.
type proofKey struct {
	role mailbox.Role
	id   mailbox.ID
}

// proved is what is known of a queue whose key was proved in a session.
type proved struct {
	recipient  queue.ID
	key        queue.Key
	days       uint8
	generation int64     // of keys, when the key was last seen to be in force
	at         time.Time // and when that was
}

// recheck is how often a sender's key is looked at again where another relay may
// have replaced it.
const recheck = 30 * time.Second

// longestDelay is how long a session that proves too much is not read from; one
// that would have to wait longer is ended.
const longestDelay = 5 * time.Second

// prove answers PROVE. The work is the same whatever the answer: one look-up and
// one verification, under the key that was sent.
func (s *session) prove(r mailbox.Record) error {
	if !s.pace() {
		return nil
	}
	p, err := mailbox.ParseProve(r.Payload)
	if err != nil || p.Role != mailbox.Recipient && p.Role != mailbox.Sender {
		s.answer(r.Tag, errNo)
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
	defer stop()
	generation := s.p.keyGeneration.Load()
	q, found := s.p.find(ctx, p.Role, p.ID)
	verified := p.Verify(s.place)
	s.p.count.proofs.Add(1)
	key := q.SenderKey
	if p.Role == mailbox.Recipient {
		key = q.RecipientKey
	}
	right := subtle.ConstantTimeCompare(p.Key[:], key[:]) == 1
	switch {
	case found != nil && !errors.Is(found, queue.ErrAbsent):
		s.answer(r.Tag, s.p.told(found))
		return nil
	case found != nil || !verified || !right:
		s.answer(r.Tag, errNo)
		return nil
	}
	if !s.keep(proofKey{p.Role, p.ID}, proved{recipient: q.Recipient, key: key, days: q.Days, generation: generation, at: time.Now()}) {
		s.answer(r.Tag, errNo)
		return nil
	}
	if p.Role == mailbox.Recipient {
		s.p.present.note(q.Recipient)
	}
	s.answer(r.Tag, nil)
	return nil
}

// pace holds an address to its rate of commands that cost a verification or a
// write of their own. It reports false when the session ends for it.
func (s *session) pace() bool {
	delay, ok := s.p.rates.proofs.Delay(s.addr, longestDelay)
	if !ok {
		s.p.count.limited.Add(1)
		s.farewell(tryAgainLater)
		return false
	}
	if delay > 0 {
		time.Sleep(delay) // TCP makes the sender feel it
	}
	return true
}

// find looks a queue up by one of its sides.
func (p *Part) find(ctx context.Context, role mailbox.Role, id mailbox.ID) (queue.Queue, error) {
	if role == mailbox.Recipient {
		return p.o.Store.ByRecipient(ctx, queue.ID(id))
	}
	return p.o.Store.BySender(ctx, queue.ID(id))
}

// keep notes a proof; not more than there may be.
func (s *session) keep(at proofKey, p proved) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proofs == nil {
		s.proofs = map[proofKey]proved{}
	}
	if _, again := s.proofs[at]; !again && len(s.proofs) >= s.p.o.MaxProofs {
		return false
	}
	s.proofs[at] = p
	return true
}

func (s *session) drop(at proofKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.proofs, at)
}

// proof returns what is known of a queue that was proved, or nil.
func (s *session) proof(role mailbox.Role, id mailbox.ID) *proved {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.proofs[proofKey{role, id}]
	if !ok {
		return nil
	}
	return &p
}

// stillProved makes sure that the sender's key that was proved is the one in
// force, whatever LOCK did in another session since.
func (s *session) stillProved(id mailbox.ID, p *proved) error {
	generation := s.p.keyGeneration.Load()
	if p.generation == generation && (!s.p.o.Shared || time.Since(p.at) < recheck) {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
	defer stop()
	q, err := s.p.o.Store.BySender(ctx, queue.ID(id))
	if err != nil {
		return err
	}
	if q.SenderKey != p.key {
		s.drop(proofKey{mailbox.Sender, id})
		return errNo
	}
	p.generation, p.at = generation, time.Now()
	s.keep(proofKey{mailbox.Sender, id}, *p)
	return nil
}

// lock replaces a sender's key: LOCK.
func (s *session) lock(r mailbox.Record) {
	p, err := mailbox.ParseLock(r.Payload)
	if err != nil {
		s.answer(r.Tag, errNo)
		return
	}
	known := s.proof(mailbox.Sender, p.Sender)
	if known == nil || !p.Verify(s.place, mailbox.Key(known.key)) {
		s.answer(r.Tag, errNo)
		return
	}
	s.background(r.Tag, func(ctx context.Context) error {
		if err := s.p.o.Store.Lock(ctx, queue.ID(p.Sender), known.key, queue.Key(p.Key)); err != nil {
			return err
		}
		generation := s.p.keyGeneration.Add(1)
		next := *known
		next.key, next.generation, next.at = queue.Key(p.Key), generation, time.Now()
		s.keep(proofKey{mailbox.Sender, p.Sender}, next)
		return nil
	})
}

// presence is whose recipients were here and are not noted yet.
type presence struct {
	mu  sync.Mutex
	ids map[queue.ID]struct{}
}

func (l *presence) note(id queue.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[queue.ID]struct{}{}
	}
	l.ids[id] = struct{}{}
}

func (l *presence) take() []queue.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]queue.ID, 0, len(l.ids))
	for id := range l.ids {
		ids = append(ids, id)
	}
	l.ids = nil
	return ids
}

// notePresence has the store note who was here.
func (p *Part) notePresence(ctx context.Context) {
	ids := p.present.take()
	if len(ids) == 0 {
		return
	}
	if err := p.o.Store.Present(ctx, ids, time.Now()); err != nil {
		p.o.Log.Warn("who was here cannot be noted", "error", err)
	}
}
