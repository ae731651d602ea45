package site

import (
	"context"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// arrival is a candidate that was opened, or was not.
type arrival struct {
	content *content
	err     error
}

// race opens the first of the candidates that can be opened. Each has a head
// start over the next; one that fails lets the next go at once. Those that come
// too late are closed again.
func (m *Manager) race(ctx context.Context, candidates []address.Address) (*content, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrivals := make(chan arrival, len(candidates))
	started, ended := 0, 0
	start := func() {
		if started == len(candidates) {
			return
		}
		a := candidates[started]
		started++
		m.going.Go(func() { arrivals <- m.enter(ctx, a) })
	}
	start()
	ahead := time.NewTimer(m.o.HeadStart)
	defer ahead.Stop()
	var errs []error
	for ended < len(candidates) {
		select {
		case <-ahead.C:
			start()
			ahead.Reset(m.o.HeadStart)
		case got := <-arrivals:
			ended++
			if got.err == nil {
				cancel()
				m.going.Go(func() { m.turnAway(arrivals, started-ended) })
				return got.content, nil
			}
			errs = append(errs, got.err)
			start()
		}
	}
	return nil, verdict(candidates, errs)
}

// turnAway closes those that still arrive.
func (m *Manager) turnAway(arrivals <-chan arrival, count int) {
	for range count {
		if late := <-arrivals; late.content != nil {
			m.closeContent(late.content)
		}
	}
}

// verdict is the one error for candidates of which none could be opened.
func verdict(candidates []address.Address, errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	// What could be had later counts more than what never will.
	kind := fault.KindOf(errs[0])
	for _, err := range errs {
		if fault.KindOf(err) == fault.Unreachable {
			kind = fault.Unreachable
		}
	}
	return fault.New(kind, "%d networks know the site and none could open it: %w", len(candidates), errors.Join(errs...))
}

// enter opens one candidate.
func (m *Manager) enter(ctx context.Context, a address.Address) arrival {
	if err := m.served(a.Network()); err != nil {
		return arrival{err: err}
	}
	if err := m.awaitRemoval(ctx, a.ID()); err != nil {
		return arrival{err: err}
	}
	root := a.Root()
	root.Hints = a.Hints
	s, err := m.engines[a.Network()].Open(ctx, root)
	if err != nil {
		return arrival{err: err}
	}
	target := a
	target.Query, target.Fragment = "", ""
	return arrival{content: &content{site: s, target: target}}
}

// awaitRemoval waits while an engine deletes what is about to be opened.
func (m *Manager) awaitRemoval(ctx context.Context, id address.ID) error {
	for {
		m.mu.Lock()
		busy := m.removing[id]
		m.mu.Unlock()
		if busy == nil {
			return nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stats asks the engine about a target.
func (m *Manager) stats(a address.Address) (engine.Stats, bool) {
	e := m.engines[a.Network()]
	if e == nil {
		return engine.Stats{}, false
	}
	return e.Stats(a.Root())
}
