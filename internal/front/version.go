package front

import (
	"context"
	"encoding/hex"
	"sort"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Version is one manifest and the pieces it names. It is an engine.Piecer.
type Version struct {
	f        *Front
	manifest Manifest
	index    engine.Index
	first    []int // the number of the first piece of each file
}

var _ engine.Piecer = (*Version)(nil)

func newVersion(f *Front, m Manifest, document []byte) *Version {
	v := &Version{f: f, manifest: m, index: m.index(document)}
	n := 0
	for _, file := range m.Files {
		v.first = append(v.first, n)
		n += len(file.Hashes)
	}
	return v
}

// ID names the version: the info_hash of its swarm in hexadecimal digits.
func (v *Version) ID() string { return hex.EncodeToString(v.index.Swarm[:]) }

// Manifest returns what was signed. It must not be changed.
func (v *Version) Manifest() Manifest { return v.manifest }

// Index implements engine.Piecer.
func (v *Version) Index(context.Context) (engine.Index, error) { return v.index, nil }

// find returns the file of piece i, and which of its pieces that is.
func (v *Version) find(i int) (file *File, k int, ok bool) {
	if i < 0 || i >= v.index.Pieces {
		return nil, 0, false
	}
	// The last file that begins at or before i; empty files begin where the next does.
	n := sort.SearchInts(v.first, i+1) - 1
	return &v.manifest.Files[n], i - v.first[n], true
}

// HasPiece implements engine.Piecer.
func (v *Version) HasPiece(i int) bool {
	file, k, ok := v.find(i)
	return ok && v.f.cache.has(hash(file.Hashes[k]))
}

// Piece implements engine.Piecer. A piece that is not in the cache is asked of the
// origin server.
func (v *Version) Piece(ctx context.Context, i int) ([]byte, error) {
	file, k, ok := v.find(i)
	if !ok {
		return nil, fault.New(fault.NotFound, "the site has no piece %d", i)
	}
	return v.f.piece(ctx, file, k)
}
