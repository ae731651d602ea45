package resolve

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// finding is the outcome of a look-up.
type finding struct {
	targets []address.Address // at most one of each network
	chain   []address.Address
	ttl     time.Duration
	missed  []address.Network // networks nobody could be asked about
}

// walk is the way from the name that was asked for to where a look-up stands.
type walk struct {
	left  int // how many more names may be followed
	names []address.Address
}

// enter adds a name to the way, unless it is a loop or too long.
func (w walk) enter(a address.Address) (walk, error) {
	loop := slices.ContainsFunc(w.names, func(n address.Address) bool { return n.ID() == a.ID() })
	names := append(slices.Clip(w.names), a.Root())
	switch {
	case loop:
		return w, fault.New(fault.Corrupt, "the name %q leads back to itself: %s", w.names[0], arrows(names)).
			WithHint("whoever runs the name has to change its records")
	case w.left == 0:
		return w, fault.New(fault.Corrupt, "more names in a row than are followed: %s", arrows(names)).
			WithHint("whoever runs the name has to change its records")
	}
	return walk{w.left - 1, names}, nil
}

func arrows(names []address.Address) string {
	var s []string
	for _, n := range names {
		s = append(s, n.Key())
	}
	return strings.Join(s, " -> ")
}

// follow looks a up, and what it points at, until everything is immutable. The
// first step asks every network a DNS name may be known in, later ones only the
// one that led there.
func (r *Resolver) follow(ctx context.Context, w walk, a address.Address) (finding, error) {
	if a.Immutable() {
		return finding{targets: []address.Address{a}, chain: w.names, ttl: r.o.MaxTTL}, nil
	}
	first := len(w.names) == 0
	w, err := w.enter(a)
	if err != nil {
		return finding{}, err
	}
	switch {
	case a.Kind() == address.Name && r.dns == nil:
		return finding{}, fault.New(fault.Unsupported, "%q was not looked up: DNS is off", a).
			WithHint("set [dns] doh or server in config.toml")
	case a.Kind() == address.Name && first:
		return r.followName(ctx, w, a)
	case a.Kind() == address.Name:
		return r.step(ctx, w, a, r.inquire(ctx, a.DNSName(), false).dnslink())
	case a.Kind() == address.IPNS, a.Kind() == address.Mutable:
		return r.step(ctx, w, a, r.askNamer(ctx, a))
	}
	return finding{}, fault.New(fault.Corrupt, "the name %q points at %q, which is no site", w.names[0], a)
}

// pointer is what one record says.
type pointer struct {
	target address.Address
	ttl    time.Duration
	err    error // fault.NotFound when there is no such record
}

// step follows a pointer from a, whose own path is appended to the target's.
func (r *Resolver) step(ctx context.Context, w walk, a address.Address, p pointer) (finding, error) {
	if p.err != nil {
		return finding{}, p.err
	}
	f, err := r.follow(ctx, w, p.target)
	if err != nil {
		return finding{}, err
	}
	for i := range f.targets {
		f.targets[i].Path = joinPath(f.targets[i].Path, a.Path)
		f.targets[i].Query, f.targets[i].Fragment = "", ""
	}
	f.ttl = min(f.ttl, p.ttl)
	return f, nil
}

// joinPath joins two folders of a site; "" for the root.
func joinPath(a, b string) string {
	p := path.Join("/", a, b)
	if p == "/" {
		return ""
	}
	return p
}

// part is what one network says of a name.
type part struct {
	finding
	err error
}

// followName asks for everything a DNS name may point at. Once one network has
// answered, the other has no longer than the deadline.
func (r *Resolver) followName(ctx context.Context, w walk, a address.Address) (finding, error) {
	q := r.inquire(ctx, a.DNSName(), true)
	begin := func(ask func() pointer) <-chan part {
		out := make(chan part, 1)
		r.going.Go(func() {
			f, err := r.step(ctx, w, a, ask())
			out <- part{f, err}
		})
		return out
	}
	links, keys := begin(q.dnslink), begin(q.wtpkey)
	var link, key part
	select {
	case link = <-links:
		key = r.second(link, keys)
	case key = <-keys:
		link = r.second(key, links)
	}
	if link.err != nil && key.err != nil && r.o.WellKnown && ctx.Err() == nil {
		key.finding, key.err = r.step(ctx, w, a, r.askWellKnown(ctx, a.DNSName()))
	}
	return merge(a, link.finding, link.err, key.finding, key.err)
}

// second waits for the part that comes second.
func (r *Resolver) second(first part, from <-chan part) part {
	if first.err != nil {
		return <-from
	}
	timer := time.NewTimer(r.o.Deadline)
	defer timer.Stop()
	select {
	case p := <-from:
		return p
	case <-timer.C:
		return part{err: fault.New(fault.Unreachable, "it took too long")}
	}
}

// merge puts what the two networks say together.
func merge(a address.Address, f finding, linkErr error, g finding, keyErr error) (finding, error) {
	absent := func(err error) bool { return fault.KindOf(err) == fault.NotFound }
	switch {
	case linkErr == nil && keyErr == nil:
		f.targets = append(f.targets, g.targets...)
		f.ttl = min(f.ttl, g.ttl)
		return f, nil
	case linkErr == nil:
		if !absent(keyErr) {
			f.missed = append(f.missed, address.NetworkBitTorrent)
		}
		return f, nil
	case keyErr == nil:
		if !absent(linkErr) {
			g.missed = append(g.missed, address.NetworkIPFS)
		}
		return g, nil
	case absent(linkErr) && absent(keyErr):
		return finding{}, fault.New(fault.NotFound, "the name %q points at no site", a.Key()).
			WithHint("check the spelling; whoever runs the name has to add a TXT record, dnslink=/ipfs/<cid> at _dnslink.%s or wtpkey=<infohash> at %s",
				a.Key(), a.Key())
	case absent(linkErr):
		return finding{}, keyErr
	case absent(keyErr):
		return finding{}, linkErr
	}
	return finding{}, fault.New(fault.KindOf(linkErr), "the name %q was not resolved: %w", a.Key(), errors.Join(linkErr, keyErr))
}

// askNamer asks the engine whose network a belongs to.
func (r *Resolver) askNamer(ctx context.Context, a address.Address) pointer {
	for _, n := range r.o.Namers {
		if n.Network() != a.Network() {
			continue
		}
		target, ttl, err := n.ResolveName(ctx, a.Root())
		if err == nil && !target.Valid() {
			err = fault.New(fault.Corrupt, "the record of %q points nowhere", a)
		}
		if ttl <= 0 {
			ttl = r.o.MinTTL
		}
		return pointer{target, ttl, err}
	}
	return pointer{err: fault.New(fault.Unsupported, "%q was not looked up: the engine for %s is off", a, a.Network()).
		WithHint("turn it on in config.toml")}
}
