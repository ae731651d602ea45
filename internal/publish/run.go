package publish

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// clockTick is longer than the granularity of modification times: a file that
// was modified longer ago cannot change again without its time changing.
const clockTick = 20 * time.Millisecond

// rollbackTime bounds taking back what one engine committed when another failed.
const rollbackTime = 10 * time.Second

// outcome is a site that every engine has.
type outcome struct {
	tree      *tree
	reused    int64
	addresses []address.Address // in the order of Options.Engines
}

// attempt publishes a folder, again when it changes meanwhile.
func (p *Publisher) attempt(ctx context.Context, r Request, onProgress func(Progress)) (*outcome, error) {
	for n := 1; ; n++ {
		out, err := p.once(ctx, r, onProgress)
		var changed *changedError
		switch {
		case !errors.As(err, &changed):
			return out, err
		case n == p.o.Attempts:
			return nil, fault.New(fault.Conflict, "%w, %d times over", changed, n).
				WithHint("publish again when the program that writes it has finished")
		}
		p.o.Log.InfoContext(ctx, "a file changed while it was published, starting over", "folder", r.Folder, "file", changed.path)
	}
}

// once walks, reads and commits.
func (p *Publisher) once(ctx context.Context, r Request, onProgress func(Progress)) (*outcome, error) {
	t, err := look(ctx, r.Folder, r.Title, limits{p.o.MaxFiles, p.o.MaxSize})
	if err != nil {
		return nil, err
	}
	arrange(t.source.Files, r.Hybrid)
	if err := p.settle(ctx, t); err != nil {
		return nil, err
	}
	rd := &reader{tree: t, pool: newPool(), progress: onProgress, done: Progress{Total: t.size}}
	options := engine.DraftOptions{Hybrid: r.Hybrid, Trackers: r.Trackers, WebSeeds: r.WebSeeds}
	for _, e := range p.o.Engines {
		d, err := e.Draft(ctx, t.source, options)
		if err != nil {
			return nil, explain(e, err)
		}
		defer d.Abort()
		rd.feeds = append(rd.feeds, newFeed(d, len(t.source.Files)))
	}
	if err := p.read(ctx, rd); err != nil {
		return nil, err
	}
	rd.tell("", true)
	addresses, err := p.commit(ctx, rd.feeds)
	if err != nil {
		return nil, err
	}
	return &outcome{tree: t, reused: rd.reused, addresses: addresses}, nil
}

// settle waits until the youngest file is old enough for its modification time
// to tell it from a later version.
func (p *Publisher) settle(ctx context.Context, t *tree) error {
	var youngest time.Time
	for _, f := range t.source.Files {
		if f.ModTime.After(youngest) {
			youngest = f.ModTime
		}
	}
	wait := clockTick - time.Since(youngest)
	if wait <= 0 || wait > clockTick { // in the future: waiting would not help
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// read runs the reader and the feeds side by side.
func (p *Publisher) read(ctx context.Context, rd *reader) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, f := range rd.feeds {
		g.Go(func() error {
			if err := f.run(ctx); err != nil {
				return explain(p.o.Engines[i], err)
			}
			return nil
		})
	}
	g.Go(func() error { return rd.run(ctx) })
	return g.Wait()
}

// commit makes the site visible everywhere, or nowhere.
func (p *Publisher) commit(ctx context.Context, feeds []*feed) ([]address.Address, error) {
	addresses := make([]address.Address, len(feeds))
	g, committing := errgroup.WithContext(ctx)
	for i, f := range feeds {
		g.Go(func() error {
			a, err := f.draft.Commit(committing)
			if err != nil {
				return explain(p.o.Engines[i], err)
			}
			addresses[i] = a
			return nil
		})
	}
	err := g.Wait()
	if err == nil {
		return addresses, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	for i, a := range addresses {
		if !a.Valid() || p.isPublished(a, "") {
			continue
		}
		if rmErr := p.o.Engines[i].Remove(ctx, a); rmErr != nil {
			err = errors.Join(err, rmErr)
		}
	}
	return nil, err
}

// explain says which engine failed, and recognises a full disk.
func explain(e engine.Engine, err error) error {
	if errors.Is(err, syscall.ENOSPC) && fault.KindOf(err) == fault.Internal {
		return fault.New(fault.NoSpace, "the disk is full: %w", err)
	}
	return fmt.Errorf("%s: %w", e.Network(), err)
}
