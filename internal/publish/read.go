package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/engine"
)

// progressEvery is how often a callback hears of progress.
const progressEvery = 100 * time.Millisecond

// changedError says that a file is not what it was when the folder was walked.
type changedError struct{ path string }

func (e *changedError) Error() string { return fmt.Sprintf("%q changed while it was read", e.path) }

// reader reads each file of a tree that any feed needs, once.
type reader struct {
	tree     *tree
	feeds    []*feed
	pool     chan *buffer
	progress func(Progress)

	done   Progress
	told   time.Time
	reused int64
}

// run sends all the bytes and closes the feeds.
func (r *reader) run(ctx context.Context) error {
	defer func() {
		for _, f := range r.feeds {
			close(f.parts)
		}
	}()
	for i, f := range r.tree.source.Files {
		var takers []*feed
		for _, feed := range r.feeds {
			if feed.need[i] {
				takers = append(takers, feed)
			}
		}
		r.tell(f.Path, false)
		if len(takers) == 0 {
			r.reused += f.Size
			r.done.Bytes += f.Size
		} else if err := r.file(ctx, i, f, takers); err != nil {
			return err
		}
		r.done.Files++
	}
	return nil
}

func (r *reader) file(ctx context.Context, i int, want engine.SourceFile, takers []*feed) error {
	name := filepath.Join(r.tree.source.Root, filepath.FromSlash(want.Path))
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &changedError{want.Path}
	}
	if err != nil {
		return unreadable(name, err)
	}
	defer func() { _ = f.Close() }()
	if err := unchanged(f, want); err != nil {
		return err
	}
	for left := want.Size; ; {
		p := part{file: i}
		if left > 0 {
			if p.buf, err = r.fill(ctx, f, left); err != nil {
				return r.explain(name, want.Path, err)
			}
			left -= int64(len(p.buf.data))
			r.done.Bytes += int64(len(p.buf.data))
			p.buf.users.Store(int32(len(takers)))
		}
		if p.last = left == 0; p.last {
			// Before the last bytes are handed over: they may be the wrong ones.
			if err := unchanged(f, want); err != nil {
				return err
			}
		}
		for _, t := range takers {
			if err := t.send(ctx, p); err != nil {
				return err
			}
		}
		if p.last {
			return nil
		}
		r.tell(want.Path, false)
	}
}

// fill reads the next bytes, at most left, into a free buffer.
func (r *reader) fill(ctx context.Context, f *os.File, left int64) (*buffer, error) {
	var b *buffer
	select {
	case b = <-r.pool:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if b.data == nil {
		b.data = make([]byte, bufferSize)
	}
	b.data = b.data[:min(left, bufferSize)]
	_, err := io.ReadFull(f, b.data)
	return b, err
}

func (r *reader) explain(name, rel string, err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &changedError{rel} // it became shorter
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return unreadable(name, err)
}

// unchanged compares an open file with what the walk saw.
func unchanged(f *os.File, want engine.SourceFile) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != want.Size || !info.ModTime().Equal(want.ModTime) {
		return &changedError{want.Path}
	}
	return nil
}

// tell reports progress, not too often.
func (r *reader) tell(file string, now bool) {
	if r.progress == nil || !now && time.Since(r.told) < progressEvery {
		return
	}
	r.told = time.Now()
	r.done.File = file
	r.progress(r.done)
}
