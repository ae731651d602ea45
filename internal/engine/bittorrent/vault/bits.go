package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
)

// bits is a set of pieces that is read without locks.
type bits struct {
	words []atomic.Uint32
	count atomic.Int64
}

func newBits(n int) *bits { return &bits{words: make([]atomic.Uint32, (n+31)/32)} }

func (b *bits) has(i int) bool { return b.words[i/32].Load()&(1<<(i%32)) != 0 }

// set reports whether the bit was clear.
func (b *bits) set(i int) bool {
	if b.words[i/32].Or(1<<(i%32))&(1<<(i%32)) != 0 {
		return false
	}
	b.count.Add(1)
	return true
}

// clear reports whether the bit was set.
func (b *bits) clear(i int) bool {
	if b.words[i/32].And(^uint32(1<<(i%32)))&(1<<(i%32)) == 0 {
		return false
	}
	b.count.Add(-1)
	return true
}

// The file of bits: a header, the bits that are safe, the bits that are safe
// unless the power was cut since.
const (
	bitsMagic  = "kith bits 1\n"
	bootLength = 36
	bitsHeader = len(bitsMagic) + bootLength + 4
)

// bitsFile is the file that remembers which pieces are in the blob.
type bitsFile struct {
	f     *os.File
	size  int // octets of one set
	fresh []byte
	safe  []byte
}

// openBits opens or makes the file at path for n pieces and returns the bits
// that count.
func openBits(path string, n int) (*bitsFile, *bits, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	b := &bitsFile{f: f, size: (n + 7) / 8}
	b.safe, b.fresh = make([]byte, b.size), make([]byte, b.size)
	boot := bootID()
	header := make([]byte, bitsHeader)
	_, err = io.ReadFull(io.NewSectionReader(f, 0, int64(bitsHeader)), header)
	want := append([]byte(bitsMagic), boot...)
	want = binary.BigEndian.AppendUint32(want, uint32(n))
	if err == nil && bytes.HasPrefix(header, want[:len(bitsMagic)]) && bytes.Equal(header[bitsHeader-4:], want[bitsHeader-4:]) {
		err = b.load(bytes.Equal(header, want) && strings.TrimSpace(string(boot)) != "")
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, errors.Join(err, f.Close())
	}
	// What counted before counts as fresh now; the next sync makes it safe.
	if _, err := f.WriteAt(append(append(want, b.safe...), b.fresh...), 0); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	have := newBits(n)
	for i := range n {
		if (b.safe[i/8]|b.fresh[i/8])&(1<<(i%8)) != 0 {
			have.set(i)
		}
	}
	return b, have, nil
}

// load reads the safe bits, and the fresh ones if the computer runs since.
func (b *bitsFile) load(sameBoot bool) error {
	if _, err := b.f.ReadAt(b.safe, int64(bitsHeader)); err != nil {
		clear(b.safe)
		return err
	}
	if !sameBoot {
		return nil
	}
	if _, err := b.f.ReadAt(b.fresh, int64(bitsHeader+b.size)); err != nil {
		clear(b.fresh)
		return err
	}
	return nil
}

// add says that piece i is in the blob, which a kill does not undo.
func (b *bitsFile) add(i int) error {
	b.fresh[i/8] |= 1 << (i % 8)
	_, err := b.f.WriteAt(b.fresh[i/8:i/8+1], int64(bitsHeader+b.size+i/8))
	return err
}

// remove says that piece i is not in the blob.
func (b *bitsFile) remove(i int) error {
	b.fresh[i/8] &^= 1 << (i % 8)
	b.safe[i/8] &^= 1 << (i % 8)
	_, err := b.f.WriteAt(b.fresh[i/8:i/8+1], int64(bitsHeader+b.size+i/8))
	_, err2 := b.f.WriteAt(b.safe[i/8:i/8+1], int64(bitsHeader+i/8))
	return errors.Join(err, err2)
}

// secure makes the bits of snap, which were fresh before the blob was synced,
// safe.
func (b *bitsFile) secure(snap []byte) error {
	for i := range snap {
		b.safe[i] |= snap[i] & b.fresh[i]
	}
	if _, err := b.f.WriteAt(b.safe, int64(bitsHeader)); err != nil {
		return err
	}
	return b.f.Sync()
}

// bootID identifies the time since the computer started; blank where that
// cannot be told.
func bootID() []byte {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		id = nil
	}
	id = bytes.TrimSpace(id)
	return append(id[:min(len(id), bootLength)], bytes.Repeat([]byte(" "), bootLength-min(len(id), bootLength))...)
}
