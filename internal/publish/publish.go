package publish

import (
	"context"
	"path/filepath"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Publish puts what r says into every engine and remembers it. onProgress, if
// not nil, is called from one goroutine at most ten times a second and once at
// the end.
//
// The error is fault.NotFound or fault.Forbidden when a file cannot be read,
// fault.Invalid when the folder cannot be a site, fault.TooLarge over a limit,
// fault.Conflict when files keep changing while they are read, fault.NoSpace when
// an engine's disk is full, and fault.Canceled when ctx ends. Then nothing new is
// served, and what was published before still is.
func (p *Publisher) Publish(ctx context.Context, r Request, onProgress func(Progress)) (Publication, error) {
	r, err := clean(r)
	if err != nil {
		return Publication{}, err
	}
	done, err := p.await(ctx, r.Folder)
	if err != nil {
		return Publication{}, err
	}
	defer done()

	old, err := p.recall(identify(r.Folder))
	if err != nil {
		return Publication{}, err
	}
	if r.Name == "" {
		r.Name = old.Mutable
	}
	out, err := p.attempt(ctx, r, onProgress)
	if err != nil {
		return Publication{}, err
	}
	return p.conclude(ctx, r, out, old)
}

// clean checks a request and makes its folder absolute.
func clean(r Request) (Request, error) {
	var err error
	if r.Folder == "" {
		return r, fault.New(fault.Invalid, "no folder to publish was given")
	}
	if r.Folder, err = filepath.Abs(r.Folder); err != nil {
		return r, fault.New(fault.Invalid, "the path %q is not usable: %w", r.Folder, err)
	}
	r.Name, err = cleanName(r.Name)
	return r, err
}

// conclude serves what was committed, moves the name to it, and lets go of what
// it replaces. Each step is on disk before the next begins, so that a node that
// is killed in between serves the old version, the new one, or both.
func (p *Publisher) conclude(ctx context.Context, r Request, out *outcome, old record) (Publication, error) {
	rec := record{
		Publication: Publication{
			ID: identify(r.Folder), Name: out.tree.source.Name, Mutable: r.Name, Folder: r.Folder,
			Files: len(out.tree.source.Files), Bytes: out.tree.size, Reused: out.reused, Skipped: out.tree.skipped,
			Hybrid: r.Hybrid, Trackers: r.Trackers, WebSeeds: r.WebSeeds, Published: p.o.Now().UTC(),
		},
	}
	for _, a := range out.addresses {
		rec.setAddress(a, r)
	}
	rec.Replaced = p.replaced(old, rec)
	for _, a := range out.addresses {
		if p.o.Keeper == nil {
			break
		}
		if err := p.o.Keeper.Keep(ctx, a, rec.Name); err != nil {
			return Publication{}, err
		}
	}
	if err := p.save(rec); err != nil {
		return Publication{}, err
	}
	if err := p.moveName(ctx, &rec, out.addresses); err != nil {
		return Publication{}, err
	}
	if err := p.release(ctx, &rec); err != nil {
		return Publication{}, err
	}
	return rec.Publication.complete(p.o.Gateway), nil
}

// moveName points the keys of the record's name at addresses, one an engine; an
// engine without one keeps what its name points at.
func (p *Publisher) moveName(ctx context.Context, rec *record, addresses []address.Address) error {
	if rec.Mutable == "" {
		return nil
	}
	seed, err := p.seed(rec.Mutable)
	if err != nil {
		return err
	}
	for i, e := range p.o.Engines {
		namer, ok := e.(engine.Namer)
		if !ok || !addresses[i].Valid() {
			continue
		}
		key, err := deriveKey(seed, e.Network())
		if err != nil {
			return err
		}
		name, err := namer.PublishName(ctx, key, addresses[i])
		if err != nil {
			return explain(e, err)
		}
		rec.setName(name)
		if p.o.Moved != nil {
			p.o.Moved(name)
		}
	}
	return p.save(*rec)
}

// release lets go of the versions that rec replaced.
func (p *Publisher) release(ctx context.Context, rec *record) error {
	if len(rec.Replaced) == 0 {
		return nil
	}
	for _, s := range rec.Replaced {
		if err := p.letGo(ctx, s, rec.ID); err != nil {
			return err
		}
	}
	rec.Replaced = nil
	return p.save(*rec)
}

// letGo stops serving the address s unless a publication other than that called
// id needs it too.
func (p *Publisher) letGo(ctx context.Context, s, id string) error {
	a, err := address.Parse(s)
	if err != nil {
		return err
	}
	if p.isPublished(a, id) {
		return nil
	}
	if p.o.Keeper != nil {
		return p.o.Keeper.Release(ctx, a)
	}
	for _, e := range p.o.Engines {
		if e.Network() == a.Network() {
			return e.Remove(ctx, a)
		}
	}
	return nil
}

// Forget stops serving the publication and forgets it. The folder is not
// touched, and a name keeps its key.
func (p *Publisher) Forget(ctx context.Context, id string) error {
	rec, err := p.recall(id)
	if err != nil {
		return err
	}
	if rec.ID == "" {
		return fault.New(fault.NotFound, "there is no publication %q", id).
			WithHint("the console lists them")
	}
	done, err := p.await(ctx, rec.Folder)
	if err != nil {
		return err
	}
	defer done()
	for _, s := range append(rec.Replaced, rec.immutable()...) {
		if err := p.letGo(ctx, s, id); err != nil {
			return err
		}
	}
	return p.o.Publications.Apply(nil, []string{recordPrefix + id})
}
