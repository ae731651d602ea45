package mailbox

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// errNo is answered NO.
var errNo = errors.New("no")

// storeTimeout bounds one question to the store.
const storeTimeout = 20 * time.Second

func itoa(n int) string { return strconv.Itoa(n) }

// take does what a record asks for. An error ends the session.
func (s *session) take(r mailbox.Record) error {
	if !s.greeted {
		if r.Type != mailbox.Hello {
			return mailbox.ErrMalformed
		}
		return s.hello(r)
	}
	switch r.Type {
	case mailbox.New, mailbox.Lock, mailbox.Del, mailbox.Push:
		if !s.pace() {
			return nil
		}
	}
	switch r.Type {
	case mailbox.Prove:
		return s.prove(r)
	case mailbox.New:
		s.create(r)
	case mailbox.Sub:
		s.answer(r.Tag, s.subscribe(r.Payload))
	case mailbox.Credit:
		if p, err := mailbox.ParseCredit(r.Payload); err == nil {
			s.p.hub.credit(s, p.Recipient, int(p.More))
		}
	case mailbox.Put:
		s.put(r)
	case mailbox.Ack:
		s.ack(r)
	case mailbox.Back:
		s.answer(r.Tag, s.back(r.Payload))
	case mailbox.Lock:
		s.lock(r)
	case mailbox.Del:
		s.del(r)
	case mailbox.Push:
		s.push(r)
	case mailbox.Ticket:
		tickets, err := s.ticket(r.Payload)
		s.answer(r.Tag, err, tickets)
	case mailbox.Ping:
		s.answer(r.Tag, nil)
	default:
		return mailbox.ErrMalformed
	}
	return nil
}

// hello is the first command.
func (s *session) hello(r mailbox.Record) error {
	p, err := mailbox.ParseHello(r.Payload)
	if err != nil || p.Version != mailbox.Version {
		s.refuse(r.Tag)
		return nil
	}
	// A token that is given has to be right; who has none may do all but NEW.
	right := subtle.ConstantTimeCompare(p.Token, []byte(s.p.o.Token)) == 1
	if len(p.Token) > 0 && s.p.o.Token != "" && !right {
		s.refuse(r.Tag)
		return nil
	}
	s.greeted, s.mayCreate = true, s.p.o.Token == "" || right
	s.place.Relay = s.p.id
	rand.Read(s.place.Nonce[:])
	w := mailbox.WelcomePayload{Version: mailbox.Version, Relay: s.place.Relay, Nonce: s.place.Nonce, Limits: s.p.limits(s.mayCreate)}
	b, err := w.Append(nil)
	if err != nil {
		return err
	}
	s.send(mailbox.Welcome, r.Tag, b)
	return nil
}

// refuse answers NO to HELLO, and says goodbye.
func (s *session) refuse(tag uint32) {
	s.answer(tag, errNo)
	s.farewell(policyViolation)
}

// limits is what WELCOME says.
func (p *Part) limits(mayCreate bool) mailbox.Limits {
	l := mailbox.Limits{
		Messages: uint32(p.o.Limits.Messages), Octets: uint64(p.o.Limits.Octets),
		LeaseSeconds: uint32(p.o.Lease / time.Second), Proofs: uint32(p.o.MaxProofs),
	}
	if p.chunks != nil {
		l.ChunkOctets, l.ChunkHours = uint64(mailbox.ChunkSize(4)), uint32(p.o.ChunkAge/time.Hour)
	}
	if !mayCreate {
		l.Flags |= mailbox.FlagToken
	}
	if p.forward != nil {
		l.Flags |= mailbox.FlagForwards
	}
	if p.waker != nil {
		l.PushKey = p.waker.public
	}
	return l
}

// background does a command that waits for the store, beside others.
func (s *session) background(tag uint32, f func(ctx context.Context) error) {
	s.begin()
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), storeTimeout)
		defer stop()
		s.done(tag, s.p.told(f(ctx)))
	}()
}

// told turns what a store says into what is answered. Its own trouble is logged,
// and asked about again later.
func (p *Part) told(err error) error {
	var w waitError
	switch {
	case err == nil, errors.Is(err, errNo), errors.As(err, &w):
		return err
	case errors.Is(err, queue.ErrAbsent), errors.Is(err, queue.ErrTaken):
		return errNo
	case errors.Is(err, queue.ErrFull):
		p.count.full.Add(1)
		return waitError(fullWait)
	case errors.Is(err, queue.ErrDisk):
		p.disk.full()
		return waitError(diskWait)
	}
	p.count.failed.Add(1)
	p.o.Log.Warn("the mailboxes' store fails", "error", err)
	return waitError(failWait)
}

// Seconds that are asked for.
const (
	fullWait = 60
	diskWait = 120
	failWait = 15
	rateWait = 5
)

// create makes a queue: NEW.
func (s *session) create(r mailbox.Record) {
	p, err := mailbox.ParseNew(r.Payload)
	if err != nil || !p.Verify(s.place) || !mailbox.IsDays(p.Days) || p.Recipient == p.Sender || !s.mayCreate {
		s.answer(r.Tag, errNo)
		return
	}
	q := queue.Queue{
		Recipient: queue.ID(mailbox.RecipientID(p.Recipient)), Sender: queue.ID(mailbox.SenderID(p.Sender)),
		RecipientKey: queue.Key(p.Recipient), SenderKey: queue.Key(p.Sender), Days: p.Days, Seen: time.Now(),
	}
	s.background(r.Tag, func(ctx context.Context) error {
		// Renewing costs nothing of the rate.
		if _, err := s.p.o.Store.ByRecipient(ctx, q.Recipient); errors.Is(err, queue.ErrAbsent) {
			if s.p.disk.isFull() {
				return waitError(diskWait)
			}
			if !s.p.rates.creates.Allow(site(s.addr)) {
				s.p.count.limited.Add(1)
				return waitError(createWait)
			}
		} else if err != nil {
			return err
		}
		if err := s.p.o.Store.Create(ctx, q); err != nil {
			return err
		}
		s.p.count.created.Add(1)
		if !s.keep(proofKey{mailbox.Recipient, mailbox.ID(q.Recipient)}, proved{days: q.Days, recipient: q.Recipient, key: q.RecipientKey}) {
			return waitError(rateWait)
		}
		return nil
	})
}

const createWait = 10

// site is whom the making of queues is counted for: an IPv4 address, or the /48
// of an IPv6 one.
func site(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if p, err := a.Prefix(48); err == nil && a.Is6() {
		return p.Addr()
	}
	return a
}

func (s *session) subscribe(payload []byte) error {
	p, err := mailbox.ParseCredit(payload)
	if err != nil || s.proof(mailbox.Recipient, p.Recipient) == nil {
		return errNo
	}
	s.p.hub.subscribe(s, queue.ID(p.Recipient), int(p.More))
	return nil
}

func (s *session) back(payload []byte) error {
	p, err := mailbox.ParseBack(payload)
	if err != nil || s.proof(mailbox.Recipient, p.Recipient) == nil {
		return errNo
	}
	if !s.p.rates.strays.Allow(s.addr) {
		s.p.count.limited.Add(1)
		return waitError(rateWait)
	}
	if !s.p.hub.back(s, queue.ID(p.Recipient), p.Number, time.Duration(p.Seconds)*time.Second) {
		return errNo
	}
	return nil
}

// put takes a message: PUT.
func (s *session) put(r mailbox.Record) {
	p, err := mailbox.ParsePut(r.Payload)
	if err != nil || !mailbox.IsBody(len(p.Body)) || p.Days > maxDays {
		s.answer(r.Tag, errNo)
		return
	}
	known := s.proof(mailbox.Sender, p.Sender)
	if known == nil {
		s.answer(r.Tag, errNo)
		return
	}
	s.begin()
	if err := s.stillProved(p.Sender, known); err != nil {
		s.done(r.Tag, s.p.told(err))
		return
	}
	if err := s.p.mayPut(queue.ID(p.Sender)); err != nil {
		s.done(r.Tag, err)
		return
	}
	kept := s.p.work.body(p.Body)
	s.p.work.put(putJob{
		pooled: kept,
		Put: queue.Put{
			Sender: queue.ID(p.Sender), ID: queue.MessageID(p.ID), Body: *kept, Expires: expiry(time.Now(), p.Days, known.days),
		},
		then: func(taken queue.Taken, body []byte) {
			s.done(r.Tag, s.p.told(taken.Err))
			s.p.arrived(taken, queue.MessageID(p.ID), body)
		},
	})
}

const maxDays = 21

// expiry is when a message goes: days from now, the class of its queue at most,
// to the hour.
func expiry(now time.Time, days, class uint8) time.Time {
	if days == 0 || days > class {
		days = class
	}
	return now.Add(time.Duration(days)*24*time.Hour + time.Hour).Truncate(time.Hour)
}

// mayPut says WAIT when a queue's rate is exceeded or the disk is full.
func (p *Part) mayPut(sender queue.ID) error {
	if p.disk.isFull() {
		return waitError(diskWait)
	}
	if !p.rates.puts.AllowIn(netip.Addr{}, sender[:]) {
		p.count.limited.Add(1)
		return waitError(rateWait)
	}
	return nil
}

// arrived hands a message that was just kept to who waits for it.
func (p *Part) arrived(t queue.Taken, id queue.MessageID, body []byte) {
	if t.Err != nil {
		return
	}
	p.count.put.Add(1)
	if !p.hub.arrived(t.Recipient, queue.Message{Number: t.Number, ID: id, Body: body}) && p.waker != nil {
		p.waker.wake(t.Recipient)
	}
}

// ack erases messages: ACK.
func (s *session) ack(r mailbox.Record) {
	p, err := mailbox.ParseAck(r.Payload)
	if err != nil || s.proof(mailbox.Recipient, p.Recipient) == nil {
		s.answer(r.Tag, errNo)
		return
	}
	id := queue.ID(p.Recipient)
	if s.p.hub.acking(id, p.Numbers) > 0 && !s.p.rates.strays.Allow(s.addr) {
		s.p.count.limited.Add(1)
		s.p.hub.acked(id, p.Numbers, false)
		s.answer(r.Tag, waitError(rateWait))
		return
	}
	s.begin()
	s.p.work.ack(ackJob{Ack: queue.Ack{Recipient: id, Numbers: p.Numbers}, then: func(err error) {
		s.p.hub.acked(id, p.Numbers, err == nil)
		if err == nil {
			s.p.count.acked.Add(int64(len(p.Numbers)))
		}
		s.done(r.Tag, s.p.told(err))
	}})
}

// del removes a queue: DEL.
func (s *session) del(r mailbox.Record) {
	id, err := mailbox.ParseDel(r.Payload)
	if err != nil || s.proof(mailbox.Recipient, id) == nil {
		s.answer(r.Tag, errNo)
		return
	}
	s.background(r.Tag, func(ctx context.Context) error {
		err := s.p.o.Store.Delete(ctx, queue.ID(id))
		if err == nil {
			s.drop(proofKey{mailbox.Recipient, id})
			s.p.hub.removed(queue.ID(id))
			s.p.keyGeneration.Add(1)
		}
		return err
	})
}

// push keeps or forgets a subscription: PUSH.
func (s *session) push(r mailbox.Record) {
	p, err := mailbox.ParsePush(r.Payload)
	if err != nil || s.proof(mailbox.Recipient, p.Recipient) == nil || s.p.waker == nil ||
		len(p.Subscription) > 0 && s.p.waker.check(p.Subscription) != nil {
		s.answer(r.Tag, errNo)
		return
	}
	subscription := append([]byte(nil), p.Subscription...)
	s.background(r.Tag, func(ctx context.Context) error {
		return s.p.o.Store.SetPush(ctx, queue.ID(p.Recipient), subscription)
	})
}

// ticket hands out rights to put chunks: TICKET.
func (s *session) ticket(payload []byte) ([]byte, error) {
	p, err := mailbox.ParseTicket(payload)
	if err != nil || s.p.chunks == nil || mailbox.ChunkSize(p.Class) == 0 || p.Count == 0 || p.Count > mailbox.MaxTickets {
		return nil, errNo
	}
	known := s.proof(p.Role, p.ID)
	if known == nil {
		return nil, errNo
	}
	if p.Role == mailbox.Sender {
		if err := s.stillProved(p.ID, known); err != nil {
			return nil, s.p.told(err)
		}
	}
	var b []byte
	for range p.Count {
		if s.p.disk.isFull() || !s.p.rates.tickets.AllowIn(netip.Addr{}, p.ID[:]) {
			break
		}
		b = s.p.tickets.issue(b, p.Class, time.Now())
	}
	if b == nil {
		s.p.count.limited.Add(1)
		return nil, waitError(rateWait)
	}
	return b, nil
}
