package exchange

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/seal"
)

// Bounds of fetching a chunk.
const (
	fetchTries = 6
	fetchPause = 500 * time.Millisecond
	ahead      = 2 // chunks that are fetched before they are read
)

// download returns a body that is fetched chunk by chunk as it is read. Read to its
// end and closed, it is erased where it was fetched.
func (p *Peer) download(a Asked) (io.ReadCloser, error) {
	r, ok := p.core.o.People.Relation(a.To)
	if !ok || p.running == nil {
		return nil, fault.New(fault.NotFound, "the relation has ended")
	}
	c := *a.Response.Chunks
	var from []*client.Chunks
	for _, at := range c.At {
		chunks, err := p.source(r, at.Relay)
		if err != nil {
			return nil, err
		}
		from = append(from, chunks)
	}
	ctx, stop := context.WithCancel(p.running)
	d := &downloading{p: p, asked: a, chunks: c, from: from, stop: stop, parts: make(chan part, ahead)}
	p.wg.Go(func() { d.fetch(ctx) })
	return d, nil
}

// source returns what talks with a place that chunks of a relation may be at: its
// relays and direct mailboxes, and nothing else that the other side names.
func (p *Peer) source(r seal.Relation, relay string) (*client.Chunks, error) {
	for _, m := range append(slices.Clone(r.In), r.Out...) {
		if m.Relay == relay {
			a, err := p.relayAt(relay)
			if err != nil {
				return nil, err
			}
			return p.chunksAt(a.url, "", p.options(a))
		}
	}
	if st := p.core.states[r.ID]; st != nil {
		for _, told := range st.Places {
			for _, at := range told.At {
				if at.URL == relay && len(at.Certificate) == 32 {
					return p.chunksAt(relay, string(at.Certificate), tlsTo(p.o.Dial(at), [32]byte(at.Certificate)))
				}
			}
		}
	}
	return nil, fault.New(fault.Forbidden, "the answer is at %q, which is no relay of this relation", relay)
}

type part struct {
	octets []byte
	err    error
}

// downloading is a body on its way.
type downloading struct {
	p      *Peer
	asked  Asked
	chunks seal.Chunks
	from   []*client.Chunks
	stop   context.CancelFunc
	parts  chan part
	rest   []byte
	read   int64
	err    error
	closed bool
}

// Read implements io.Reader.
func (d *downloading) Read(b []byte) (int, error) {
	for len(d.rest) == 0 && d.err == nil {
		next, ok := <-d.parts
		if !ok {
			next.err = io.EOF
		}
		d.rest, d.err = next.octets, next.err
	}
	if len(d.rest) == 0 {
		return 0, d.err
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	d.read += int64(n)
	return n, nil
}

// Close ends the download. What was read to its end is erased at the relay and
// forgotten; what was not can be had again.
func (d *downloading) Close() error {
	d.stop()
	if d.closed {
		return nil
	}
	d.closed = true
	if d.read < d.chunks.Size {
		return nil
	}
	d.p.forget(d.asked.ID)
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if d.p.ended {
		return nil
	}
	d.p.spawn(d.p.o.Patience, func(ctx context.Context) {
		for i, at := range d.chunks.At {
			if err := d.from[i].Erase(ctx, mailbox.ID(at.ID), [32]byte(at.Erase)); err != nil {
				d.p.o.Log.Debug("a chunk was not erased", "relay", at.Relay, "error", err)
			}
		}
	})
	return nil
}

func (d *downloading) fetch(ctx context.Context) {
	defer close(d.parts)
	for i := range d.chunks.At {
		octets, err := d.chunk(ctx, i)
		select {
		case d.parts <- part{octets, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// chunk fetches one chunk, going on where an attempt broke off.
func (d *downloading) chunk(ctx context.Context, i int) ([]byte, error) {
	at := d.chunks.At[i]
	var got bytes.Buffer
	got.Grow(int(d.chunks.Each))
	for try := 1; ; try++ {
		within, stop := context.WithTimeout(ctx, 3*d.p.o.Patience)
		_, err := d.from[i].Download(within, mailbox.ID(at.ID), int64(got.Len()), &limited{&got, int(d.chunks.Each)})
		stop()
		if err == nil && int64(got.Len()) == d.chunks.Each {
			return d.chunks.OpenChunk(uint64(i), got.Bytes())
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if try == fetchTries || ctx.Err() != nil || errors.Is(err, client.ErrAbsent) {
			return nil, fault.New(fault.Unreachable, "fetch part %d of %d from %s: %w", i+1, len(d.chunks.At), at.Relay, err).
				WithHint("ask again")
		}
		select {
		case <-time.After(fetchPause << try):
		case <-ctx.Done():
		}
	}
}

// limited refuses more than a chunk has.
type limited struct {
	into *bytes.Buffer
	most int
}

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	if l.into.Len()+len(b) > l.most {
		return 0, fault.New(fault.Invalid, "the relay gives more than a chunk has")
	}
	return l.into.Write(b)
}
