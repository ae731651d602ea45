package bittorrent

import (
	"crypto/sha1" //nolint:gosec // BEP 3 verifies pieces by SHA-1
	"hash"

	"github.com/anacrolix/torrent/merkle"
	"github.com/anacrolix/torrent/metainfo"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// sums are the hashes of a piece: SHA-1, padding included, and for hybrids the
// root of the Merkle tree over its content (BEP 52).
type sums struct {
	v1 [20]byte
	v2 [32]byte
}

// digest hashes pieces one after the other.
type digest struct {
	v1     []byte
	v2     [][32]byte // nil for v1 alone
	h1     hash.Hash
	h2     *merkle.Hash
	length int
	whole  []bool // v2: the piece is all of its file
}

func newDigest(p *metafile.Plan) digest {
	d := digest{v1: make([]byte, sha1.Size*p.Pieces()), h1: sha1.New(), length: int(p.PieceLength)}
	if p.Hybrid {
		d.v2, d.whole, d.h2 = make([][32]byte, p.Pieces()), make([]bool, p.Pieces()), merkle.NewHash()
		for _, f := range p.Files {
			if f.Path != "" && f.Size > 0 && f.Size <= p.PieceLength {
				d.whole[f.Offset/p.PieceLength] = true
			}
		}
	}
	return d
}

func (d *digest) write(p []byte, content bool) {
	_, _ = d.h1.Write(p) // never fails
	if d.v2 != nil && content {
		_, _ = d.h2.Write(p)
	}
}

// sum ends piece i.
func (d *digest) sum(i int) {
	d.h1.Sum(d.v1[sha1.Size*i : sha1.Size*i])
	d.h1.Reset()
	if d.v2 == nil {
		return
	}
	if d.whole[i] {
		copy(d.v2[i][:], d.h2.Sum(nil))
	} else {
		copy(d.v2[i][:], d.h2.SumMinLength(nil, d.length))
	}
	d.h2.Reset()
}

// set takes the sums of piece i from before.
func (d *digest) set(i int, s sums) {
	copy(d.v1[sha1.Size*i:], s.v1[:])
	if d.v2 != nil {
		d.v2[i] = s.v2
	}
}

func (d *digest) get(i int) (s sums) {
	copy(s.v1[:], d.v1[sha1.Size*i:])
	if d.v2 != nil {
		s.v2 = d.v2[i]
	}
	return s
}

// finish gives the files of a hybrid their roots and returns the piece layers of
// those that are longer than a piece.
func (d *digest) finish(p *metafile.Plan) map[string]string {
	if d.v2 == nil {
		return nil
	}
	layers := map[string]string{}
	for i := range p.Files {
		f := &p.Files[i]
		first := int(f.Offset / p.PieceLength)
		switch {
		case f.Path == "" || f.Size == 0:
		case f.Size <= p.PieceLength:
			f.Root = d.v2[first]
		default:
			hashes := d.v2[first:int((f.Offset+f.Size+p.PieceLength-1)/p.PieceLength)]
			f.Root = merkle.RootWithPadHash(hashes, metainfo.HashForPiecePad(p.PieceLength))
			layer := make([]byte, 0, 32*len(hashes))
			for _, h := range hashes {
				layer = append(layer, h[:]...)
			}
			layers[string(f.Root[:])] = string(layer)
		}
	}
	return layers
}
