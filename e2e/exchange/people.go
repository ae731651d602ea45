package main

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// people is one relation, kept in memory.
type people struct {
	mu sync.Mutex
	r  seal.Relation
}

func (p *people) Relation(id seal.RelationID) (seal.Relation, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.r
	r.Epochs = slices.Clone(r.Epochs)
	return r, id == r.ID
}

func (p *people) Relations() []seal.Relation {
	r, _ := p.Relation(p.r.ID)
	return []seal.Relation{r}
}

func (p *people) Inboxes() []seal.Inbox {
	var in []seal.Inbox
	for _, m := range p.Relations()[0].In {
		in = append(in, seal.Inbox{Mailbox: m, Relation: p.r.ID})
	}
	return in
}

func (p *people) Receive(seal.Inbox, []byte) (seal.Effects, error) {
	return seal.Effects{}, fault.New(fault.NotFound, "there are no invitations here")
}

func (p *people) Handle(seal.RelationID, seal.Message) (seal.Effects, error) {
	return seal.Effects{}, nil
}

func (p *people) NewEpoch(seal.RelationID) (seal.Effects, error) {
	now := time.Now()
	e, _, err := seal.NewEpoch(rand.Reader, now)
	if err != nil {
		return seal.Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.r.Epochs[0].Superseded = now.UnixMilli()
	p.r.Epochs = append([]seal.Epoch{e}, p.r.Epochs...)
	return seal.Effects{}, nil
}

func (p *people) LearnEpoch(_ seal.RelationID, public []byte) (seal.Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.r.PeerEpoch = seal.PeerEpoch{ID: seal.EpochOf(public), Public: public, Seen: time.Now().UnixMilli()}
	return seal.Effects{}, nil
}

func (p *people) EraseEpoch(_ seal.RelationID, id seal.EpochID) (seal.Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.r.Epochs = slices.DeleteFunc(p.r.Epochs, func(e seal.Epoch) bool { return e.ID == id })
	return seal.Effects{}, nil
}

func (p *people) Arrived(seal.Inbox) (seal.Effects, error) { return seal.Effects{}, nil }

func (p *people) Forget(seal.RelationID) (seal.Effects, error) { return seal.Effects{}, nil }

// local is what the exchange keeps, in memory.
type local map[string][]byte

func (l local) Get(key string) ([]byte, error) {
	if v, ok := l[key]; ok {
		return v, nil
	}
	return nil, fault.New(fault.NotFound, "no record %q", key)
}

func (l local) Apply(puts map[string][]byte, deletes []string) error {
	maps.Copy(l, puts)
	for _, k := range deletes {
		delete(l, k)
	}
	return nil
}

func (l local) Each(prefix string, f func(string, []byte) error) error {
	for _, k := range slices.Sorted(maps.Keys(l)) {
		if strings.HasPrefix(k, prefix) {
			if err := f(k, l[k]); err != nil {
				return err
			}
		}
	}
	return nil
}
