package bittorrent

import (
	"context"
	"crypto/sha1" //nolint:gosec // BEP 3 verifies pieces by SHA-1
	"errors"
	"io/fs"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/vault"
	"github.com/kith-web/kith/internal/fault"
)

var _ engine.Piecer = (*handle)(nil)

// Index implements engine.Piecer. A torrent of version 2 alone has none: its
// info dictionary does not hold the hashes of pieces.
func (h *handle) Index(ctx context.Context) (engine.Index, error) {
	select {
	case <-h.s.gone:
		return engine.Index{}, fs.ErrClosed
	default:
	}
	if err := context.Cause(ctx); err != nil {
		return engine.Index{}, err
	}
	m := h.s.content.Load().meta
	if !m.HasV1 {
		return engine.Index{}, fault.New(fault.Unsupported,
			"%v is a torrent of version 2 alone, whose pieces nobody can verify by its index", h.s.addr).
			WithHint("publish it as a hybrid torrent")
	}
	x := engine.Index{Kind: engine.IndexTorrent, Swarm: m.V1, Data: m.Info, Pieces: m.Pieces}
	if m.Pieces > 0 {
		x.Bytes = m.Span
	}
	return x, nil
}

// Piece implements engine.Piecer. The piece is the caller's own.
func (h *handle) Piece(ctx context.Context, i int) ([]byte, error) {
	s := h.s
	m := s.content.Load().meta
	if i < 0 || i >= m.Pieces {
		return nil, fault.New(fault.NotFound, "%v has no piece %d", s.addr, i)
	}
	want, ok := m.PieceHash(i)
	if !ok {
		return nil, fault.New(fault.Unsupported, "%v is a torrent of version 2 alone", s.addr)
	}
	from := int64(i) * m.PieceLength
	data := make([]byte, min(m.PieceLength, m.Span-from)) // what a hybrid pads stays zero
	w := &window{}
	defer s.done(w)
	for {
		select {
		case <-s.gone:
			return nil, fs.ErrClosed
		default:
		}
		if err := s.await(ctx, w, from, 1); err != nil {
			return nil, err
		}
		v := s.content.Load().vault
		_, err := v.ReadAt(data[:m.PieceSize(i)], from)
		switch {
		case errors.Is(err, vault.ErrMissing), err != nil && s.content.Load().vault != v:
			continue // it went, or the folder was published again
		case err != nil:
			return nil, err
		case sha1.Sum(data) == want: //nolint:gosec // see above
			return data, nil
		}
		v.Drop(i)
		s.recheck(i, i+1)
	}
}

// HasPiece implements engine.Piecer.
func (h *handle) HasPiece(i int) bool {
	c := h.s.content.Load()
	if i < 0 || i >= c.meta.Pieces {
		return false
	}
	select {
	case <-h.s.gone:
		return false
	default:
		return c.vault.Has(i)
	}
}
