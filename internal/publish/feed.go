package publish

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/kith-web/kith/internal/engine"
)

// The bytes on their way from the folder to the drafts.
const (
	bufferSize = 1 << 20
	buffers    = 8
)

// buffer is a run of bytes that several drafts look at. The last one to let go
// gives it back.
type buffer struct {
	data  []byte
	users atomic.Int32
	pool  chan<- *buffer
}

func (b *buffer) release() {
	if b != nil && b.users.Add(-1) == 0 {
		b.pool <- b // never blocks: the pool has room for all of them
	}
}

// newPool returns a pool of buffers, each of which gets its memory when it is first
// filled.
func newPool() chan *buffer {
	pool := make(chan *buffer, buffers)
	for range buffers {
		pool <- &buffer{pool: pool}
	}
	return pool
}

// part is what a feed carries: some bytes of one file.
type part struct {
	file int
	buf  *buffer // nil for no bytes
	last bool    // the file ends here
}

// feed takes one engine's draft through the files it needs, in a goroutine of
// its own, so that engines hash at the same time.
type feed struct {
	draft engine.Draft
	need  []bool
	parts chan part
}

func newFeed(d engine.Draft, files int) *feed {
	f := &feed{draft: d, need: make([]bool, files), parts: make(chan part, buffers)}
	for i := range files {
		f.need[i] = d.Need(i)
	}
	return f
}

// send hands p over, unless ctx ends first.
func (f *feed) send(ctx context.Context, p part) error {
	select {
	case f.parts <- p:
		return nil
	case <-ctx.Done():
		p.buf.release()
		return context.Cause(ctx)
	}
}

// run writes what is sent until parts is closed.
func (f *feed) run(ctx context.Context) error {
	var w io.WriteCloser
	for {
		var p part
		var more bool
		select {
		case p, more = <-f.parts:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if !more {
			return nil
		}
		var err error
		if w == nil {
			w, err = f.draft.File(p.file)
		}
		if err == nil {
			err = write(w, p)
		}
		p.buf.release()
		if err != nil {
			return err
		}
		if p.last {
			w = nil
		}
	}
}

func write(w io.WriteCloser, p part) error {
	if p.buf != nil {
		if _, err := w.Write(p.buf.data); err != nil {
			return err
		}
	}
	if p.last {
		return w.Close()
	}
	return nil
}
