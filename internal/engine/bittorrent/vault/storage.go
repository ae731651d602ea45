package vault

import (
	"io"

	"github.com/anacrolix/torrent/storage"
)

// Piece is piece i as the wire library sees it.
func (v *Vault) Piece(i int) storage.PieceImpl { return piece{v, i} }

// piece is a piece as the library sees it.
type piece struct {
	v *Vault
	i int
}

func (p piece) start() int64 { return int64(p.i) * p.v.o.Meta.PieceLength }

// ReadAt reads a piece that is there, or what was written of one that is not
// verified yet.
func (p piece) ReadAt(b []byte, off int64) (int, error) {
	size := p.v.o.Meta.PieceSize(p.i)
	if off >= size {
		return 0, io.EOF
	}
	want := len(b)
	b = b[:min(int64(want), size-off)]
	var n int
	var err error
	if p.v.Has(p.i) {
		n, err = p.v.ReadAt(b, p.start()+off)
	} else if blob, e := p.v.file(false); e != nil {
		err = e
	} else {
		n, err = blob.ReadAt(b, p.start()+off)
	}
	if err == nil && n < want {
		err = io.EOF
	}
	return n, err
}

// WriteAt takes octets of a piece that is not verified yet.
func (p piece) WriteAt(b []byte, off int64) (int, error) {
	if p.v.have.has(p.i) {
		return len(b), nil // late octets of a piece that is there
	}
	blob, err := p.v.file(true)
	if err != nil {
		return 0, err
	}
	return blob.WriteAt(b, p.start()+off)
}

func (p piece) MarkComplete() error {
	if p.v.Has(p.i) {
		return nil
	}
	return p.v.complete(p.i)
}

func (p piece) MarkNotComplete() error { return p.v.incomplete(p.i) }

func (p piece) Completion() storage.Completion {
	return storage.Completion{Complete: p.v.Has(p.i), Ok: true}
}
