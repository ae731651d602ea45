package transfer

import (
	"context"
)

// feedAhead is how many chunks wait for the network, read and hashed, beside the
// one that is read and the one that is sent.
const feedAhead = 1

// parcel is a frame that is ready to be sent.
type parcel struct {
	frame frame
	buf   []byte // of the pool of a feed; nil for an announcement
	data  []byte
	sum   Digest
}

// feed sends a receiver what it is dealt, until it leaves or ctx ends. One
// goroutine reads and hashes, this one writes.
func (r *receiver) feed(ctx context.Context) error {
	ready := make(chan parcel, feedAhead)
	free := make(chan []byte, feedAhead+2)
	for range cap(free) {
		free <- nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(ready)
		r.prepare(ctx, ready, free)
	}()
	head := make([]byte, 0, frameHead)
	for p := range ready {
		head = p.frame.append(head[:0])
		_, err := r.bulk.Write(head)
		if err == nil && p.buf != nil {
			_, err = r.bulk.Write(p.data)
		}
		if err == nil {
			_, err = r.bulk.Write(p.sum[:])
		}
		if err == nil && len(ready) == 0 {
			err = r.bulk.Flush()
		}
		if err != nil {
			if r.hasLeft() {
				return nil
			}
			return gone(err)
		}
		if p.buf != nil {
			free <- p.buf
		}
	}
	return nil
}

func (r *receiver) hasLeft() bool {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	return r.left || r.done
}

// prepare reads and hashes what r is dealt.
func (r *receiver) prepare(ctx context.Context, ready chan<- parcel, free <-chan []byte) {
	files := newReader(r.p.s)
	defer files.close()
	var buf []byte
	for {
		t, ok := r.p.deal(ctx, r)
		if !ok {
			return
		}
		p := parcel{frame: frame{kind: frameHash, holder: t.holder, chunk: t.chunk, length: len(t.sum)}, sum: t.sum}
		if !t.announce {
			if buf == nil {
				select {
				case buf = <-free:
				case <-ctx.Done():
					return
				}
			}
			if buf == nil {
				buf = make([]byte, ChunkSize)
			}
			file, data, err := files.read(t.chunk, buf)
			if err != nil {
				r.p.fail(file, err)
				files.close()
				continue
			}
			p.buf, p.data, p.sum, buf = buf, data, hashOf(data), nil
			p.frame = frame{kind: frameData, chunk: t.chunk, length: len(data) + len(p.sum)}
			r.p.announceChunk(r, t.chunk, p.sum)
		}
		select {
		case ready <- p:
		case <-ctx.Done():
			return
		}
	}
}
