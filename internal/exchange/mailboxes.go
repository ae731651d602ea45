package exchange

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/seal"
)

// subscribed names a subscription: a queue, on its relay or on the own mailbox.
type subscribed struct {
	relay     string
	recipient string
	own       bool
}

// sender is who may send into a queue.
func sender(m seal.Mailbox) (client.Sender, error) {
	first, err := key(m.Sender)
	if err != nil {
		return client.Sender{}, err
	}
	s := client.FirstSender(first)
	if len(m.Lock) != 0 {
		s.Key, err = key(m.Lock)
	}
	return s, err
}

func key(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fault.New(fault.Internal, "queue key of %d octets", len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// outcome is what an answer of a relay means to the Core.
func outcome(err error) Outcome {
	var wait *client.WaitError
	if errors.As(err, &wait) {
		return Outcome{Wait: wait.Delay()}
	}
	return Outcome{Accepted: err == nil, Refused: errors.Is(err, client.ErrNo)}
}

// slot bounds what is asked of one relay at once.
func (p *Peer) slot(relay string) chan struct{} {
	s := p.slots[relay]
	if s == nil {
		if len(p.slots) >= 2*mostDirect {
			clear(p.slots) // who waits for one has it
		}
		s = make(chan struct{}, p.o.Sending)
		p.slots[relay] = s
	}
	return s
}

// command asks something of a queue's relay and tells the Core what came of it.
func (p *Peer) command(n Job, m seal.Mailbox, f func(context.Context, place) error) {
	a, wrong := p.relayAt(m.Relay)
	p.ask(n, m, nil, p.o.Patience, func(ctx context.Context) error {
		if wrong != nil {
			return wrong
		}
		return f(ctx, a)
	})
}

func (p *Peer) ask(n Job, m seal.Mailbox, place *seal.Place, within time.Duration, f func(context.Context) error) {
	at := m.Relay
	if place != nil {
		at = place.URL
	}
	slot := p.slot(at)
	p.spawn(within, func(ctx context.Context) {
		var err error
		select {
		case slot <- struct{}{}:
			err = f(ctx)
			<-slot
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			p.o.Log.Debug("a relay did not accept", "relay", at, "error", err)
		}
		if err := p.do(func() ([]Effect, error) { return p.core.Done(n, m, place, outcome(err)) }); err != nil {
			p.o.Log.Error("cannot keep what became of a message", "error", err)
		}
	})
}

// put sends a body, to a relay or a direct mailbox.
func (p *Peer) put(e Put) {
	if e.Place == nil {
		p.command(e.Job, e.Mailbox, func(ctx context.Context, a place) error { return p.send(ctx, a, e) })
		return
	}
	pool, wrong := p.directPool(*e.Place)
	p.ask(e.Job, e.Mailbox, e.Place, p.core.o.Direct, func(ctx context.Context) error {
		to, err := sender(e.Mailbox)
		if err = errors.Join(wrong, err); err != nil {
			return err
		}
		return pool.Put(ctx, e.Place.URL, to, mailbox.MessageID(e.ID), e.Days, e.Body)
	})
}

// directPool returns the sessions with mailboxes that have this certificate.
func (p *Peer) directPool(at seal.Place) (*client.Pool, error) {
	if !strings.HasPrefix(at.URL, "wss://") || len(at.Certificate) != sha256.Size {
		return nil, fault.New(fault.Invalid, "direct mailbox %q without TLS", at.URL)
	}
	hash := [sha256.Size]byte(at.Certificate)
	pool := p.direct[hash]
	if pool == nil {
		p.crowd()
		pool = client.NewPool(client.PoolOptions{Relay: func(string) client.Options { return tlsTo(p.o.Dial(at), hash) }})
		p.direct[hash] = pool
	}
	return pool, nil
}

// mostDirect is how many direct mailboxes sessions are kept with.
const mostDirect = 512

// crowd makes room for another direct mailbox. What is on its way to the one that is
// left goes by relays.
func (p *Peer) crowd() {
	if len(p.direct) < mostDirect {
		return
	}
	for hash, pool := range p.direct {
		delete(p.direct, hash)
		p.wg.Go(func() {
			if err := pool.Close(); err != nil {
				p.o.Log.Debug("cannot close sessions", "error", err)
			}
		})
		return
	}
}

// pinned refuses every certificate but one.
func pinned(s tls.ConnectionState, hash [sha256.Size]byte) error {
	if len(s.PeerCertificates) != 0 {
		if got := sha256.Sum256(s.PeerCertificates[0].Raw); subtle.ConstantTimeCompare(got[:], hash[:]) == 1 {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "the mailbox has another certificate than its owner said")
}

func (p *Peer) create(ctx context.Context, a place, q seal.NewQueue) error {
	recipient, err := key(q.Mailbox.Recipient)
	if err != nil {
		return err
	}
	first, err := key(q.Mailbox.Sender)
	if err != nil {
		return err
	}
	days := q.Days
	if days == 0 {
		days = 7
	}
	return a.pool.Receive(ctx, a.url, func(ctx context.Context, s *client.Session) error {
		return s.NewQueue(ctx, recipient, mailbox.PublicKey(first), days)
	})
}

// lock replaces a queue's sender key. When the relay refuses, it may have done so
// before: then the new key is the one in force.
func (p *Peer) lock(ctx context.Context, a place, m seal.Mailbox) error {
	locked, err := sender(m)
	if err != nil {
		return err
	}
	first, err := sender(seal.Mailbox{Relay: m.Relay, Sender: m.Sender})
	if err != nil {
		return err
	}
	return a.pool.Send(ctx, a.url, func(ctx context.Context, s *client.Session) error {
		_, err := s.Lock(ctx, first, locked.Key)
		if errors.Is(err, client.ErrNo) {
			return s.ProveSender(ctx, locked)
		}
		return err
	})
}

// remove removes a queue. One that is not there is removed.
func (p *Peer) remove(ctx context.Context, a place, m seal.Mailbox) error {
	recipient, err := key(m.Recipient)
	if err != nil {
		return nil // only its recipient can remove it
	}
	err = a.pool.Receive(ctx, a.url, func(ctx context.Context, s *client.Session) error { return s.Delete(ctx, recipient) })
	if errors.Is(err, client.ErrNo) {
		return nil
	}
	return err
}

// release acknowledges a delivery or gives it back. When that fails, it comes
// again.
func (p *Peer) release(r Ref, f func(context.Context, client.Delivery) error) {
	d, ok := p.refs[r]
	if !ok {
		return
	}
	delete(p.refs, r)
	p.spawn(p.o.Patience, func(ctx context.Context) {
		if err := f(ctx, d); err != nil {
			p.o.Log.Debug("a relay was not told what became of a message", "error", err)
		}
	})
}

// listen subscribes to what is an inbox now, and to nothing else.
func (p *Peer) listen() {
	wanted := map[subscribed]seal.Inbox{}
	for _, in := range p.core.o.People.Inboxes() {
		at := subscribed{relay: in.Mailbox.Relay, recipient: string(in.Mailbox.Recipient)}
		wanted[at] = in
		if at.own = true; p.home != nil && in.Relation != (seal.RelationID{}) {
			at.relay = p.o.Own.URL
			wanted[at] = in
		}
	}
	p.inboxes = wanted
	for at, stop := range p.subs {
		if _, ok := wanted[at]; !ok {
			stop()
			delete(p.subs, at)
		}
	}
	for at, in := range wanted {
		if p.subs[at] == nil {
			p.subscribe(at, in)
		}
	}
}

// subscribe listens to a queue for as long as it is an inbox. What it stands for
// may change: a welcome makes an invitation's queue that of a relation.
func (p *Peer) subscribe(at subscribed, in seal.Inbox) {
	recipient, err := key(in.Mailbox.Recipient)
	if err != nil {
		p.o.Log.Error("an inbox without a key", "relay", at.relay, "error", err)
		return
	}
	a := place{pool: p.home, url: at.relay}
	if !at.own {
		if a, err = p.relayAt(at.relay); err != nil {
			p.o.Log.Error("an inbox on no relay", "relay", at.relay, "error", err)
			return
		}
	}
	trouble := func(err error) { p.trouble(a, at, in, err) }
	stop, err := a.pool.Subscribe(a.url, recipient, p.o.Credit, func(d client.Delivery) { p.deliver(at, d) }, trouble)
	if err != nil {
		p.o.Log.Warn("cannot listen", "relay", at.relay, "error", err)
		return
	}
	p.subs[at] = stop
}

// trouble makes a queue that the relay does not have, and sends what waited for a
// relay that is back.
func (p *Peer) trouble(a place, at subscribed, in seal.Inbox, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.troubles[at.relay] = err
	switch {
	case err == nil && time.Since(p.back[at.relay]) > time.Second:
		p.back[at.relay] = time.Now()
		effects, err := p.core.Reachable(at.relay)
		if err != nil {
			p.o.Log.Error("cannot send to a relay that is back", "relay", at.relay, "error", err)
			return
		}
		p.run(effects)
	case errors.Is(err, client.ErrNo):
		p.spawn(p.o.Patience, func(ctx context.Context) {
			if err := p.create(ctx, a, seal.NewQueue{Mailbox: in.Mailbox}); err != nil {
				p.o.Log.Debug("cannot make a queue", "relay", at.relay, "error", err)
			}
		})
	case err != nil:
		p.o.Log.Debug("a relay cannot be listened to", "relay", at.relay, "error", err)
	}
}

// deliver hands what came to the Core.
func (p *Peer) deliver(at subscribed, d client.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	in, ok := p.inboxes[at]
	if !ok {
		return // it comes again, to whoever listens
	}
	p.ref++
	p.refs[p.ref] = d
	p.run(p.core.Deliver(Delivery{Ref: p.ref, Inbox: in, Body: d.Body, Direct: at.own}))
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}
