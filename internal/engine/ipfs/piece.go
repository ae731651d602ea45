package ipfs

import (
	"context"
	"io/fs"
	"slices"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/fault"
)

var _ engine.Piecer = (*site)(nil)

// Index implements engine.Piecer. Files whose leaves are dag-pb blocks are
// fetched for it, since nothing else tells leaves from nodes.
func (s *site) Index(ctx context.Context) (engine.Index, error) {
	k, err := s.frame(ctx)
	if err != nil {
		return engine.Index{}, err
	}
	return k.index, nil
}

// frame returns the site's skeleton, making it the first time. Whoever waits
// for it takes over when the first caller gives up.
func (s *site) frame(ctx context.Context) (*skeleton, error) {
	if s.fetch.ctx.Err() != nil {
		return nil, fs.ErrClosed
	}
	if k := s.skeleton.Load(); k != nil {
		return k, nil
	}
	select {
	case s.framing <- struct{}{}:
		defer func() { <-s.framing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.fetch.ctx.Done():
		return nil, fs.ErrClosed
	}
	if k := s.skeleton.Load(); k != nil {
		return k, nil
	}
	k, err := s.bones(ctx)
	if err == nil {
		s.skeleton.Store(k)
	}
	return k, err
}

// Piece implements engine.Piecer. The piece is the caller's own.
func (s *site) Piece(ctx context.Context, i int) ([]byte, error) {
	k, err := s.frame(ctx)
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= len(k.pieces) {
		return nil, fault.New(fault.NotFound, "%s has no piece %d", s.addr.String(), i)
	}
	data, err := s.verified(ctx, k.pieces[i])
	if err != nil {
		return nil, err
	}
	return slices.Clone(data), nil
}

// HasPiece implements engine.Piecer. Before the index was asked for, no piece
// has a number.
func (s *site) HasPiece(i int) bool {
	k := s.skeleton.Load()
	if k == nil || i < 0 || i >= len(k.pieces) || s.fetch.ctx.Err() != nil {
		return false
	}
	if _, ok := inlined(k.pieces[i]); ok {
		return true
	}
	_, ok := s.pack.Find(pack.KeyOf(k.pieces[i]))
	return ok
}
