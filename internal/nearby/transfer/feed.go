package transfer

import (
	"context"
)

// feed sends a receiver what it is dealt, until it leaves or ctx ends. Reading,
// hashing, encrypting and sending are one goroutine's work, as with taking.
func (r *receiver) feed(ctx context.Context) error {
	files := newReader(r.p.s)
	defer files.close()
	buf, head := make([]byte, ChunkSize), make([]byte, 0, frameHead)
	for {
		t, ok := r.p.dealNow(r)
		if !ok { // what was gathered is not to wait as well
			if err := r.bulk.Flush(); err != nil {
				return r.unsent(err)
			}
			if t, ok = r.p.deal(ctx, r); !ok {
				return nil
			}
		}
		f, data, sum := frame{kind: frameHash, holder: t.holder, chunk: t.chunk}, []byte(nil), t.sum
		if !t.announce {
			var file int
			var err error
			if file, data, sum, err = files.read(t.chunk, buf); err != nil {
				r.p.fail(file, err)
				files.close()
				continue
			}
			f = frame{kind: frameData, chunk: t.chunk}
			r.p.announceChunk(r, t.chunk, sum)
		}
		f.length = len(data) + len(sum)
		head = f.append(head[:0])
		for _, part := range [][]byte{head, data, sum[:]} {
			if len(part) == 0 {
				continue
			}
			if _, err := r.bulk.Write(part); err != nil {
				return r.unsent(err)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// unsent is the error of a connection that broke, unless nobody needs it.
func (r *receiver) unsent(err error) error {
	if r.hasLeft() {
		return nil
	}
	return gone(err)
}

func (r *receiver) hasLeft() bool {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	return r.left || r.done
}
