package resolve

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// Resolution is what a name points at.
type Resolution struct {
	// Candidates are immutable addresses, the preferred network's first. Each
	// is the same site on another network. Their Path is the folder in which the
	// site begins, "" for the root.
	Candidates []address.Address
	// Chain are the names that were followed, the one asked for first.
	Chain []address.Address
	// Expires is when the answer should be asked for again; zero for never.
	Expires time.Time
	// Stale says that the answer is past its time and a newer one was not to be
	// had yet.
	Stale bool
}

// Resolver resolves names. It is safe for concurrent use.
type Resolver struct {
	o     Options
	dns   source // nil when DNS is off
	ctx   context.Context
	stop  context.CancelFunc
	going sync.WaitGroup

	mu      sync.Mutex
	known   map[string]*entry
	flights map[string]*flight
	closed  bool
}

// flight is a look-up that goes on, however many wait for it.
type flight struct {
	started time.Time
	done    chan struct{}
}

// New returns a Resolver with the answers that o.Store remembers.
func New(o Options) (*Resolver, error) {
	o.setDefaults()
	dns, err := newSource(&o)
	if err != nil {
		return nil, err
	}
	r := &Resolver{o: o, dns: dns, known: map[string]*entry{}, flights: map[string]*flight{}}
	if err := r.load(); err != nil {
		return nil, err
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r, nil
}

// Close ends look-ups that still go on and waits for them.
func (r *Resolver) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.going.Wait()
	return nil
}

// Resolve returns what a points at: a itself where it is immutable. The error is
// fault.NotFound when the name points nowhere, fault.Unreachable when nobody who
// knows answered in time, fault.Corrupt for rubbish and loops, and fault.Invalid
// when a is no name.
func (r *Resolver) Resolve(ctx context.Context, a address.Address) (Resolution, error) {
	switch {
	case a.Immutable():
		root := a.Root()
		root.Hints = a.Hints
		return Resolution{Candidates: []address.Address{root}, Chain: []address.Address{root}}, nil
	case a.Kind() != address.Name && a.Kind() != address.IPNS && a.Kind() != address.Mutable:
		return Resolution{}, fault.New(fault.Invalid, "%q points at no site by itself", a)
	}
	for asked := time.Now(); ; {
		if err := context.Cause(ctx); err != nil {
			return Resolution{}, interrupted(a, err)
		}
		res, f, err := r.answer(a, asked)
		if f == nil {
			return res, err
		}
		if !r.wait(ctx, f, res) {
			return res, nil
		}
	}
}

// wait waits for f, and reports whether to look at what is known again. An older
// answer in res shortens the wait, and is to be given where wait returns false.
func (r *Resolver) wait(ctx context.Context, f *flight, res Resolution) bool {
	var late <-chan time.Time
	if res.Stale {
		timer := time.NewTimer(time.Until(f.started.Add(r.o.Deadline)))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-f.done:
		return true
	case <-late:
		return false
	case <-ctx.Done():
		return !res.Stale
	}
}

// answer returns what is known of a. Where that is not fresh it also returns the
// look-up under way, begun here if there was none. What was learnt since the
// caller asked is fresh to it, however soon it expires.
func (r *Resolver) answer(a address.Address, asked time.Time) (Resolution, *flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, key := time.Now(), a.Key()
	e := r.known[key]
	if e != nil {
		e.used = now
		fresh := now.Before(e.expires) || e.err == nil && !e.learnt.Before(asked)
		if fresh || now.Before(e.retry) {
			if len(e.candidates) == 0 {
				return Resolution{}, nil, e.err
			}
			return r.resolution(a, e, !fresh), nil, nil
		}
	}
	if r.closed {
		return Resolution{}, nil, fault.New(fault.Canceled, "%q was not resolved: the node is stopping", a)
	}
	f := r.flights[key]
	if f == nil && len(r.flights) >= r.o.MaxLookups {
		return Resolution{}, nil, fault.New(fault.RateLimited, "%q was not resolved: too many names are being looked up", a)
	}
	if f == nil {
		f = &flight{started: now, done: make(chan struct{})}
		r.flights[key] = f
		r.going.Go(func() { r.fly(a.Root(), key, f) })
	}
	if e == nil || len(e.candidates) == 0 {
		return Resolution{}, f, nil
	}
	return r.resolution(a, e, true), f, nil
}

// fly does one look-up and puts its outcome where answer finds it.
func (r *Resolver) fly(a address.Address, key string, f *flight) {
	ctx, cancel := context.WithTimeout(r.ctx, r.o.Timeout)
	defer cancel()
	found, err := r.follow(ctx, walk{r.o.MaxDepth, nil}, a)
	r.mu.Lock()
	now := time.Now()
	old := r.known[key]
	e := r.outcome(old, found, err, now)
	r.known[key] = e
	delete(r.flights, key)
	gone := r.evict()
	if e.candidates == nil && old != nil && old.candidates != nil {
		gone = append(gone, key)
	}
	r.mu.Unlock()
	if err != nil && e.candidates != nil {
		r.o.Log.Warn("name not refreshed", "name", key, "error", err)
	}
	r.save(key, e, gone)
	close(f.done)
}

// outcome makes the entry that follows old. A name that is known to point
// nowhere is forgotten; where nobody could be asked the last answer stays.
func (r *Resolver) outcome(old *entry, found finding, err error, now time.Time) *entry {
	e := &entry{used: now, learnt: now}
	if old != nil {
		e.used = old.used
	}
	if err != nil {
		e.err, e.retry = err, now.Add(r.o.FailureTTL)
		if old != nil && fault.KindOf(err) != fault.NotFound {
			e.candidates, e.chain, e.expires = old.candidates, old.chain, old.expires
		}
		return e
	}
	e.candidates, e.chain, e.expires = found.targets, found.chain, now.Add(r.o.clamp(found.ttl))
	if len(found.missed) == 0 {
		return e
	}
	// One network could not be asked: what it said last still counts.
	e.expires = now.Add(min(r.o.clamp(found.ttl), r.o.FailureTTL))
	if old != nil {
		for _, c := range old.candidates {
			if slices.Contains(found.missed, c.Network()) && !has(e.candidates, c.Network()) {
				e.candidates = append(e.candidates, c)
			}
		}
	}
	return e
}

func has(list []address.Address, n address.Network) bool {
	return slices.ContainsFunc(list, func(a address.Address) bool { return a.Network() == n })
}

// resolution copies an entry, the preferred network first.
func (r *Resolver) resolution(a address.Address, e *entry, stale bool) Resolution {
	prefer := a.Hints.Prefer
	if prefer == address.NetworkNone {
		prefer = r.o.Prefer
	}
	candidates := slices.Clone(e.candidates)
	slices.SortStableFunc(candidates, func(x, y address.Address) int {
		return rank(x, prefer) - rank(y, prefer)
	})
	res := Resolution{Candidates: candidates, Chain: slices.Clone(e.chain), Expires: e.expires, Stale: stale}
	if again := time.Now().Add(r.o.Deadline); stale {
		res.Expires = again
		if e.retry.After(again) {
			res.Expires = e.retry
		}
	}
	return res
}

func rank(a address.Address, prefer address.Network) int {
	if a.Network() == prefer {
		return 0
	}
	return 1
}

// Forget drops what is remembered of a, so that the next Resolve asks anew.
func (r *Resolver) Forget(a address.Address) {
	key := a.Key()
	r.mu.Lock()
	delete(r.known, key)
	r.mu.Unlock()
	r.save("", nil, []string{key})
}

// interrupted is the error for a caller that could not wait.
func interrupted(a address.Address, cause error) error {
	return fault.New(fault.KindOf(cause), "%q was not resolved in time: %w", a.Key(), cause)
}
