package memory

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// IndexMemory is the kind of this engine's indices: Index.Data is the manifest,
// JSON that lists files with the SHA-256 of their pieces. Piece numbers run
// through the files in the manifest's order. No browser understands it.
const IndexMemory engine.IndexKind = "memory"

var _ engine.Piecer = (*site)(nil)

// Index implements engine.Piecer.
func (s *site) Index(ctx context.Context) (engine.Index, error) {
	if err := s.alive(); err != nil {
		return engine.Index{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return engine.Index{}, err
	}
	sum := sha256.Sum256(s.raw)
	x := engine.Index{Kind: IndexMemory, Swarm: [20]byte(sum[:20]), Data: s.raw, Bytes: s.manifest.total()}
	for _, f := range s.manifest.Files {
		x.Pieces += len(f.Pieces)
	}
	return x, nil
}

// Piece implements engine.Piecer. The piece is the caller's own.
func (s *site) Piece(ctx context.Context, i int) ([]byte, error) {
	file, piece, ok := s.placeOf(i)
	if !ok {
		return nil, fault.New(fault.NotFound, "%v has no piece %d", s.address, i)
	}
	data, err := s.piece(ctx, file, piece)
	return slices.Clone(data), err
}

// HasPiece implements engine.Piecer.
func (s *site) HasPiece(i int) bool {
	file, piece, ok := s.placeOf(i)
	if !ok || s.alive() != nil {
		return false
	}
	data, err := s.local(file, piece)
	return data != nil && err == nil
}

// placeOf tells which piece of which file piece i of the site is.
func (s *site) placeOf(i int) (file, piece int, ok bool) {
	if i < 0 {
		return 0, 0, false
	}
	for f := range s.manifest.Files {
		n := len(s.manifest.Files[f].Pieces)
		if i < n {
			return f, i, true
		}
		i -= n
	}
	return 0, 0, false
}
