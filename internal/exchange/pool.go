package exchange

import (
	"context"
	"errors"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/seal"
)

// place is a relay as this device reaches it.
type place struct {
	pool *client.Pool
	url  string
	id   *mailbox.Key
}

// options are how to talk to it.
func (p *Peer) options(a place) client.Options {
	o := p.o.Relay(a.url)
	o.Relay = a.id
	return o
}

// relayAt returns how a relay is reached. It is called with the lock held.
func (p *Peer) relayAt(address string) (place, error) {
	url, id, err := seal.CutRelay(address)
	if err != nil {
		return place{}, err
	}
	a := place{pool: p.pool, url: url}
	if id == nil {
		return a, nil
	}
	key := mailbox.Key(id)
	a.id = &key
	if a.pool = p.known[key]; a.pool == nil {
		a.pool = client.NewPool(client.PoolOptions{
			Relay:       func(url string) client.Options { return p.options(place{url: url, id: &key}) },
			MovedWithin: p.o.MovedWithin,
		})
		p.known[key] = a.pool
	}
	return a, nil
}

// send puts a body into a queue of a relay, through another when that is wanted and
// the relay's id is known.
func (p *Peer) send(ctx context.Context, a place, e Put) error {
	to, err := sender(e.Mailbox)
	if err != nil {
		return err
	}
	id := mailbox.MessageID(e.ID)
	if p.o.Hop == "" || p.o.Hop == a.url {
		return a.pool.Put(ctx, a.url, to, id, e.Days, e.Body)
	}
	if a.id == nil {
		if p.o.HopOnly {
			return errNoID
		}
		return a.pool.Put(ctx, a.url, to, id, e.Days, e.Body)
	}
	hop, err := p.hop(a)
	if err != nil {
		return err
	}
	return hop.Put(ctx, to, id, e.Days, e.Body)
}

// errNoID is the error for a relay that nothing can be sent to through another.
var errNoID = errors.New("the address of the relay does not say its id, so that nothing can be sent to it through another")

// hop returns what sends to a relay through another.
func (p *Peer) hop(a place) (*client.Oblivious, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.hops[*a.id]; h != nil {
		return h, nil
	}
	h, err := client.NewOblivious(p.o.Hop, a.url, *a.id, p.o.Relay(p.o.Hop))
	if err != nil {
		return nil, err
	}
	p.hops[*a.id] = h
	return h, nil
}
