package publish

import (
	"context"
	"crypto/sha256"
	"time"
)

// stillTooLong is how many quiet times a folder may go on changing before it is
// published nevertheless.
const stillTooLong = 10

// Watch publishes r now and again after every change, until ctx ends, and
// returns the cause then. Every outcome is given to onResult; an error of the
// first one ends Watch, later ones do not. Callbacks may be nil and are called
// from one goroutine.
func (p *Publisher) Watch(ctx context.Context, r Request, onProgress func(Progress), onResult func(Publication, error)) error {
	r, err := clean(r)
	if err != nil {
		return err
	}
	changes := p.observe(ctx, r.Folder)
	last := p.fingerprint(ctx, r)
	pub, err := p.Publish(ctx, r, onProgress)
	if onResult != nil {
		onResult(pub, err)
	}
	if err != nil {
		return err
	}
	for p.nextChange(ctx, changes) {
		now := p.fingerprint(ctx, r)
		if now == last {
			continue
		}
		pub, err := p.Publish(ctx, r, onProgress)
		if ctx.Err() != nil {
			break
		}
		if onResult != nil {
			onResult(pub, err)
		}
		if last = now; err != nil {
			last = [sha256.Size]byte{} // the next change is worth another try whatever it is
			p.o.Log.WarnContext(ctx, "a watched folder could not be published", "folder", r.Folder, "error", err)
		}
	}
	return context.Cause(ctx)
}

// nextChange waits for a change and then for quiet; false when ctx ended.
func (p *Publisher) nextChange(ctx context.Context, changes <-chan struct{}) bool {
	select {
	case <-changes:
	case <-ctx.Done():
		return false
	}
	quiet := time.NewTimer(p.o.Quiet)
	defer quiet.Stop()
	latest := time.NewTimer(stillTooLong * p.o.Quiet)
	defer latest.Stop()
	for {
		select {
		case <-changes:
			quiet.Reset(p.o.Quiet)
		case <-quiet.C:
			return true
		case <-latest.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// fingerprint is zero when the folder cannot be read just now.
func (p *Publisher) fingerprint(ctx context.Context, r Request) [sha256.Size]byte {
	t, err := look(ctx, r.Folder, r.Title, limits{p.o.MaxFiles, p.o.MaxSize})
	if err != nil {
		return [sha256.Size]byte{}
	}
	return t.fingerprint()
}
