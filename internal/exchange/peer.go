package exchange

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/seal"
)

// PeerOptions are what a Peer needs beside a Core's Options, and its limits. Zero
// limits are replaced by the default that each comment names.
type PeerOptions struct {
	// Core's Rand has to be safe for use by many goroutines.
	Core     Options
	Answerer Answerer
	// Relay returns how to talk to the relay at a URL: its token, its TLS. All
	// defaults. Friends name relays too: a token is for those it was given for.
	Relay func(relay string) client.Options
	// Hop is a relay through which messages go to relays whose addresses say their
	// ids, so that those do not learn this device's address: none. HopOnly keeps
	// messages for other relays back.
	Hop     string
	HopOnly bool
	// Own is this device's own mailbox, when it runs one.
	Own *OwnMailbox
	// Dial opens connections to direct mailboxes: as Relay's options say for "".
	Dial func(place seal.Place) client.Options
	// Credit is how many messages a queue may send ahead: 32.
	Credit int
	// Sending is how many things are asked of one relay at once: 256.
	Sending int
	// Answering is how many requests are answered at once: 32.
	Answering int
	// Patience bounds each thing asked of a relay: 20 seconds.
	Patience time.Duration
	// MovedWithin is the time over which this device comes back to a relay that said
	// that it moves: 30 seconds.
	MovedWithin time.Duration
	// AnswerWithin bounds the making of an answer, its upload included: 5 minutes.
	AnswerWithin time.Duration
	// Arrived is told of each request of this device that was answered: nobody. It
	// must not call back, only note it and return.
	Arrived func(Asked)
	Log     *slog.Logger
}

// OwnMailbox is a mailbox that this device keeps itself (spec §5.4), as the device
// reaches it.
type OwnMailbox struct {
	URL    string
	Client client.Options
}

func (o PeerOptions) withDefaults() (PeerOptions, error) {
	if o.Answerer == nil {
		return o, fault.New(fault.Internal, "exchange: an Answerer is needed")
	}
	if o.Relay == nil {
		o.Relay = func(string) client.Options { return client.Options{} }
	}
	if o.Dial == nil {
		o.Dial = func(seal.Place) client.Options { return o.Relay("") }
	}
	for _, n := range []struct {
		at    *int
		usual int
	}{{&o.Credit, 32}, {&o.Sending, 256}, {&o.Answering, 32}} {
		if *n.at <= 0 {
			*n.at = n.usual
		}
	}
	if o.Patience <= 0 {
		o.Patience = 20 * time.Second
	}
	if o.AnswerWithin <= 0 {
		o.AnswerWithin = 5 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Core.Log == nil {
		o.Core.Log = o.Log
	}
	return o, nil
}

// Peer runs a Core over real mailboxes. Its methods may be called from many
// goroutines, but not from within People, Handler or Answerer.
type Peer struct {
	o    PeerOptions
	pool *client.Pool // relays whose id is not known
	home *client.Pool // the own mailbox; nil without one

	mu      sync.Mutex
	core    *Core
	running context.Context // of Run; nil before
	early   []Effect        // from before Run
	ended   bool
	refs    map[Ref]client.Delivery
	ref     Ref
	waiting map[seal.MessageID]chan struct{} // closed when the answer is here
	subs    map[subscribed]func()
	// troubles is why a relay cannot be listened to; nil when it is.
	troubles map[string]error
	inboxes  map[subscribed]seal.Inbox
	back     map[string]time.Time     // when a relay was last told to be back
	slots    map[string]chan struct{} // of a relay
	direct   map[[32]byte]*client.Pool
	known    map[mailbox.Key]*client.Pool // relays, by their ids
	hops     map[mailbox.Key]*client.Oblivious
	chunks   map[string]*client.Chunks

	answering chan struct{}
	nudge     chan struct{}
	wg        sync.WaitGroup
}

// NewPeer makes a Peer of what the Core's Local holds. Run runs it.
func NewPeer(o PeerOptions) (*Peer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	core, err := New(o.Core)
	if err != nil {
		return nil, err
	}
	p := &Peer{
		o: o, core: core, pool: client.NewPool(client.PoolOptions{Relay: o.Relay, MovedWithin: o.MovedWithin}), refs: map[Ref]client.Delivery{},
		waiting: map[seal.MessageID]chan struct{}{}, subs: map[subscribed]func(){}, troubles: map[string]error{}, back: map[string]time.Time{}, slots: map[string]chan struct{}{},
		direct: map[[32]byte]*client.Pool{}, known: map[mailbox.Key]*client.Pool{}, hops: map[mailbox.Key]*client.Oblivious{}, chunks: map[string]*client.Chunks{},
		answering: make(chan struct{}, o.Answering), nudge: make(chan struct{}, 1),
	}
	if o.Own != nil {
		p.home = client.NewPool(client.PoolOptions{Relay: func(string) client.Options { return o.Own.Client }})
	}
	return p, nil
}

// Run listens, sends and answers until ctx ends. It is called once.
func (p *Peer) Run(ctx context.Context) error {
	p.mu.Lock()
	if p.running != nil {
		p.mu.Unlock()
		return fault.New(fault.Internal, "exchange: Run was called twice")
	}
	p.running = ctx
	p.mu.Unlock()
	err := p.do(func() ([]Effect, error) {
		effects, err := p.core.Tick()
		effects = append(append(p.early, effects...), Listen{})
		p.early = nil
		return effects, err
	})
	for err == nil && ctx.Err() == nil {
		err = p.waitTick(ctx)
	}
	return errors.Join(err, p.end())
}

// waitTick waits until something is due, or has changed what is.
func (p *Peer) waitTick(ctx context.Context) error {
	p.mu.Lock()
	wait := p.core.Next().Sub(p.core.now())
	p.mu.Unlock()
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-p.nudge:
		return nil
	case <-timer.C:
	}
	if err := p.do(p.core.Tick); err != nil {
		p.o.Log.Error("cannot do what is due", "error", err)
		select { // the store failed: not again at once
		case <-ctx.Done():
		case <-time.After(backFailed):
		}
	}
	return nil
}

// end stops everything and waits for it.
func (p *Peer) end() error {
	p.mu.Lock()
	p.ended = true
	pools := []*client.Pool{p.pool}
	if p.home != nil {
		pools = append(pools, p.home)
	}
	for _, d := range p.direct {
		pools = append(pools, d)
	}
	for _, k := range p.known {
		pools = append(pools, k)
	}
	p.mu.Unlock()
	var errs []error
	for _, pool := range pools {
		errs = append(errs, pool.Close())
	}
	p.wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chunks {
		c.Close()
	}
	for _, h := range p.hops {
		h.Close()
	}
	for id, w := range p.waiting {
		close(w)
		delete(p.waiting, id)
	}
	return errors.Join(append(errs, p.core.commit())...)
}

// do changes the Core and runs what it wants.
func (p *Peer) do(f func() ([]Effect, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	effects, err := f()
	p.run(effects)
	select {
	case p.nudge <- struct{}{}:
	default:
	}
	return err
}

// run begins effects; none is waited for. Before Run they are held for it; after its
// end they are left: what is durable is begun when a Peer is made of it again.
func (p *Peer) run(effects []Effect) {
	switch {
	case p.ended:
		return
	case p.running == nil:
		p.early = append(p.early, effects...)
		return
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Put:
			p.put(e)
		case Create:
			p.command(e.Job, e.Queue.Mailbox, func(ctx context.Context, a place) error { return p.create(ctx, a, e.Queue) })
		case Lock:
			p.command(e.Job, e.Queue.Mailbox, func(ctx context.Context, a place) error { return p.lock(ctx, a, e.Queue.Mailbox) })
		case Delete:
			p.command(e.Job, e.Mailbox, func(ctx context.Context, a place) error { return p.remove(ctx, a, e.Mailbox) })
		case Ack:
			p.release(e.Ref, func(ctx context.Context, d client.Delivery) error { return d.Ack(ctx) })
		case Back:
			p.release(e.Ref, func(ctx context.Context, d client.Delivery) error { return d.Back(ctx, e.Wait) })
		case Serve:
			p.serve(e)
		case Arrived:
			if w := p.waiting[e.ID]; w != nil {
				close(w)
				delete(p.waiting, e.ID)
			}
			if a, err := p.core.Asked(e.ID); err == nil && p.o.Arrived != nil {
				p.o.Arrived(a)
			}
		case Listen:
			p.listen()
		}
	}
}

// spawn runs f until the Peer ends. It is called with the lock held.
func (p *Peer) spawn(within time.Duration, f func(context.Context)) {
	ctx := p.running
	p.wg.Go(func() {
		ctx, stop := context.WithTimeout(ctx, within)
		defer stop()
		f(ctx)
	})
}

// Send keeps messages and sends them.
func (p *Peer) Send(out ...seal.Outgoing) error {
	if len(out) == 0 {
		return nil
	}
	return p.do(func() ([]Effect, error) { return p.core.Send(out...) })
}

// Apply does what person or library want done.
func (p *Peer) Apply(e seal.Effects) error {
	return p.do(func() ([]Effect, error) { return p.core.Apply(e) })
}

// Listening says why nothing can come from a relay now; nil when it can.
func (p *Peer) Listening(relay string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err, ok := p.troubles[relay]
	if !ok {
		return fault.New(fault.Unreachable, "not connected yet")
	}
	return err
}

// Poke tries everything again at once: the network has changed.
func (p *Peer) Poke() error { return p.do(p.core.Hurry) }

// SetPlaces says where this device's own mailbox can be reached, until when.
func (p *Peer) SetPlaces(at []seal.Place, until time.Time) error {
	return p.do(func() ([]Effect, error) { return p.core.SetPlaces(at, until) })
}

// Status returns what is known of a relation's exchange.
func (p *Peer) Status(r seal.RelationID) (Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.core.Status(r)
}

// tlsTo accepts the one certificate with this hash, whoever signed it.
func tlsTo(o client.Options, certificate [32]byte) client.Options {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	config.InsecureSkipVerify = true // a certificate is known by its hash, told in a sealed message
	config.VerifyConnection = func(s tls.ConnectionState) error { return pinned(s, certificate) }
	o.TLS, o.Token = config, "" // a token is for relays
	return o
}
