package ipfs

import (
	"crypto/sha256"
	"runtime"
	"sync"

	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
)

// hashers compute the digests of leaves on every processor, with as many
// buffers as keep them busy and no more.
type hashers struct {
	jobs    chan hashJob
	free    chan []byte
	pending sync.WaitGroup
	after   []func()
	once    sync.Once
}

type hashJob struct {
	buf []byte
	out *leafSum
}

func newHashers() *hashers {
	n := runtime.GOMAXPROCS(0)
	h := &hashers{jobs: make(chan hashJob, n), free: make(chan []byte, 2*n+1)}
	for range cap(h.free) {
		h.free <- nil
	}
	for range n {
		go h.work()
	}
	return h
}

// work hashes until the hashers are closed.
func (h *hashers) work() {
	for j := range h.jobs {
		j.out.digest = sha256.Sum256(j.buf)
		h.free <- j.buf[:0]
		h.pending.Done()
	}
}

// buffer returns an empty buffer for one leaf, waiting for one to be free.
func (h *hashers) buffer() []byte {
	if b := <-h.free; b != nil {
		return b
	}
	return make([]byte, 0, unixfs.ChunkSize)
}

// hash has out filled in with the digest of buf, and takes buf back. An empty
// leaf has no buffer.
func (h *hashers) hash(buf []byte, out *leafSum) {
	if buf == nil {
		out.digest = sha256.Sum256(nil)
		return
	}
	h.pending.Add(1)
	h.jobs <- hashJob{buf, out}
}

// then runs f in wait, when every digest asked for so far is there.
func (h *hashers) then(f func()) { h.after = append(h.after, f) }

// wait waits for all digests.
func (h *hashers) wait() {
	h.pending.Wait()
	for _, f := range h.after {
		f()
	}
	h.after = nil
}

// close ends the hashers.
func (h *hashers) close() { h.once.Do(func() { close(h.jobs) }) }
