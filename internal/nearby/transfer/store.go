package transfer

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// arrival is a chunk that the sender is sending: piece by piece it is hashed, and
// written while it is in the processor's cache. What does not match is in a part,
// and nowhere counted as stored.
type arrival struct {
	box   *inbox
	n     int64
	fresh bool // it is missing, and no other goroutine has it
	hash  hasher
}

// begin starts with a chunk.
func (a *arrival) begin(n int64) {
	b := a.box
	b.mu.Lock()
	defer b.mu.Unlock()
	a.n, a.hash.n = n, 0
	a.fresh = b.state[n] == missing || b.state[n] == unverified
	if a.fresh {
		b.state[n] = writing
	}
}

// piece takes a part of the chunk that is not the last.
func (a *arrival) piece(at int, data []byte) error {
	a.hash.add(data)
	return a.write(at, data)
}

// end takes the last part. It reports whether the chunk is new, and stored.
func (a *arrival) end(at int, data []byte, sum Digest) (bool, error) {
	if a.hash.sum(data) != sum {
		if a.fresh {
			a.box.set(a.n, missing)
		}
		return false, fault.New(fault.Corrupt, "chunk %d does not match its hash", a.n).
			WithHint("have it sent again; if it fails again, the memory or the disk of one of the devices is broken")
	}
	if err := a.write(at, data); err != nil {
		return false, err
	}
	b := a.box
	b.mu.Lock()
	if b.known.add(a.n) {
		b.want[a.n] = sum
	}
	b.mu.Unlock()
	if !a.fresh {
		return false, nil
	}
	return true, b.settle(a.n, sum)
}

func (a *arrival) write(at int, data []byte) error {
	if !a.fresh {
		return nil
	}
	dropped, err := a.box.write(a.n, at, data)
	if dropped || err != nil {
		a.fresh = false
	}
	return err
}

// errMismatch says that another receiver passed on what the sender did not send.
var errMismatch = errors.New("a chunk that was passed on does not match its hash")

// fromPeer stores a chunk that another receiver passed on.
func (b *inbox) fromPeer(n int64, data []byte) error {
	b.mu.Lock()
	state, known := b.state[n], b.known.has(n)
	if state == missing {
		b.state[n] = writing
	}
	b.mu.Unlock()
	if state != missing {
		return nil
	}
	sum := hashOf(data)
	if known && sum != b.want[n] {
		b.set(n, missing)
		return errMismatch
	}
	dropped, err := b.write(n, 0, data)
	if dropped || err != nil {
		return err
	}
	return b.settle(n, sum)
}

func (b *inbox) set(n int64, s chunkState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[n] = s
}

// announced takes the hash of a chunk that others pass on. It reports whether
// the chunk is here, wrongly, from a peer.
func (b *inbox) announced(n int64, sum Digest) (bad bool, err error) {
	b.mu.Lock()
	if b.known.add(n) {
		b.want[n] = sum
	}
	if b.state[n] != unverified {
		b.mu.Unlock()
		return false, nil
	}
	if b.got[n] != b.want[n] {
		b.state[n] = missing
		b.mu.Unlock()
		return true, nil
	}
	b.state[n] = writing
	b.mu.Unlock()
	return false, b.wrote(n, sum)
}

// write puts a piece of a chunk that this goroutine has into its part. When that
// fails, or the file was given up, the chunk is missing again.
func (b *inbox) write(n int64, at int, data []byte) (dropped bool, err error) {
	i, offset, _ := b.layout.span(n)
	if b.local[i] == "" {
		return false, fault.New(fault.Invalid, "chunk %d is of a file that was not wanted", n)
	}
	p, err := b.acquire(i)
	if err == nil {
		_, err = p.file.WriteAt(data, offset+int64(at))
		b.release(i, p)
	}
	if err != nil {
		b.set(n, missing)
	}
	if errors.Is(err, errDropped) {
		return true, nil
	}
	return false, full(err)
}

// settle decides on a chunk that was written and has this hash.
func (b *inbox) settle(n int64, sum Digest) error {
	b.mu.Lock()
	if !b.known.has(n) { // the sender's word is yet to come
		b.got[n], b.state[n] = sum, unverified
		b.mu.Unlock()
		return nil
	}
	same := b.want[n] == sum
	b.mu.Unlock()
	if !same {
		b.set(n, missing)
		return errMismatch
	}
	return b.wrote(n, sum)
}

// wrote records a chunk that is verified and on disk, and finishes its file when
// it was the last.
func (b *inbox) wrote(n int64, sum Digest) error {
	if err := b.journal.wrote(n, sum); err != nil {
		b.set(n, missing)
		return full(err)
	}
	i := b.layout.file(n)
	b.mu.Lock()
	b.state[n] = stored
	b.done += int64(b.layout.length(n))
	b.left[i]--
	last := b.left[i] == 0
	_, failed := b.failed[i]
	b.mu.Unlock()
	if !last || failed {
		return nil
	}
	p, err := b.acquire(i)
	if errors.Is(err, errDropped) {
		return nil
	}
	if err != nil {
		return err
	}
	b.finishers <- struct{}{}
	b.finishing.Go(func() {
		defer func() { <-b.finishers }()
		if err := b.finish(i, p); err != nil {
			select {
			case b.trouble <- err:
			default:
			}
		}
	})
	return nil
}

// finish gives a file that is whole its name. Its bytes are on the disk first.
func (b *inbox) finish(i int, p *part) error {
	f, from := b.layout.files[i], b.local[i]+partSuffix
	err := p.file.Sync()
	if f.Executable {
		err = errors.Join(err, p.file.Chmod(0o755))
	}
	b.mu.Lock()
	delete(b.open, i)
	b.mu.Unlock()
	b.release(i, p)
	if err == nil {
		err = b.root.Chtimes(from, f.modTime(), f.modTime())
	}
	if err == nil {
		err = b.publish(from, b.local[i])
	}
	if err != nil {
		return full(err)
	}
	b.mu.Lock()
	b.pending--
	b.mu.Unlock()
	b.finished()
	return nil
}

// publish renames a part. At the top, where other programs may write too, a
// file that has appeared meanwhile is not replaced.
func (b *inbox) publish(from, to string) error {
	if b.overwrite || strings.ContainsRune(to, '/') {
		return b.root.Rename(from, to)
	}
	err := b.root.Link(from, to)
	switch {
	case err == nil:
		return b.root.Remove(from)
	case errors.Is(err, fs.ErrExist):
		dir, base := path.Split(to)
		for n := 2; ; n++ {
			next := dir + numbered(base, n, false)
			if _, err := b.root.Lstat(next); errors.Is(err, fs.ErrNotExist) {
				b.mu.Lock()
				for k, v := range b.names {
					if v == to {
						b.names[k] = next
					}
				}
				b.mu.Unlock()
				return b.root.Rename(from, next)
			}
		}
	}
	if _, err := b.root.Lstat(to); err == nil {
		return fs.ErrExist // and no hard links here
	}
	return b.root.Rename(from, to)
}

// drop gives up a file that the sender cannot send.
func (b *inbox) drop(i int, why string) {
	b.mu.Lock()
	_, known := b.failed[i]
	if i < 0 || i >= len(b.local) || b.local[i] == "" || known || b.left[i] == 0 {
		b.mu.Unlock()
		return
	}
	b.failed[i] = why
	b.pending--
	if p := b.open[i]; p != nil {
		delete(b.open, i)
		if p.refs == 0 {
			_ = p.file.Close()
		}
	}
	b.mu.Unlock()
	_ = b.root.Remove(b.local[i] + partSuffix)
}

// complete reports whether nothing is left to wait for.
func (b *inbox) complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending == 0
}

func (b *inbox) doneBytes() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done
}

// absent lists the chunks that are missing and fulfil the condition.
func (b *inbox) absent(when func(n int64) bool) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []int64
	for n := range b.layout.chunks() {
		if b.state[n] != missing {
			continue
		}
		i := b.layout.file(n)
		if _, failed := b.failed[i]; !failed && b.local[i] != "" && when(n) {
			out = append(out, n)
		}
	}
	return out
}

// close closes what is open. Folders get their times last. With keep, what is
// not whole can be resumed; without, it is removed.
func (b *inbox) close(whole, keep bool) error {
	b.finishing.Wait()
	b.mu.Lock()
	for i, p := range b.open {
		_ = p.file.Close()
		delete(b.open, i)
	}
	b.mu.Unlock()
	var err error
	switch {
	case whole:
		for i := len(b.local) - 1; i >= 0; i-- {
			if f := b.layout.files[i]; f.Folder && b.local[i] != "" {
				_ = b.root.Chtimes(b.local[i], f.modTime(), f.modTime()) // a courtesy
			}
		}
		err = b.journal.remove()
	case keep:
		err = b.journal.close()
	default:
		for i, local := range b.local {
			if local != "" && b.left[i] > 0 {
				_ = b.root.Remove(local + partSuffix)
			}
		}
		err = b.journal.remove()
	}
	return errors.Join(err, b.root.Close())
}
