package memory

import (
	"context"
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// site is an open site.
type site struct {
	engine   *Engine
	address  address.Address
	key      string
	raw      []byte
	manifest *manifest
	tree     *tree
	refs     int           // guarded by engine.mu
	gone     chan struct{} // closed when the site is removed or its last reference given back
	waiting  atomic.Int64  // readers that wait for a piece
}

var _ engine.Site = (*site)(nil)

// Address implements engine.Site.
func (s *site) Address() address.Address { return s.address }

// FS implements engine.Site.
func (s *site) FS(ctx context.Context) fs.FS { return siteFS{s, ctx} }

// Complete implements engine.Site.
func (s *site) Complete(ctx context.Context) error {
	for f := range s.manifest.Files {
		for p := range s.manifest.Files[f].Pieces {
			if _, err := s.piece(ctx, f, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements engine.Site.
func (s *site) Close() error {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if s.engine.open[s.key] != s {
		return nil // removed, or closed with its engine
	}
	if s.refs--; s.refs == 0 {
		delete(s.engine.open, s.key)
		close(s.gone)
	}
	return nil
}

// alive fails with fs.ErrClosed once the site is closed or removed.
func (s *site) alive() error {
	select {
	case <-s.gone:
		return fs.ErrClosed
	default:
		return nil
	}
}

// pieceLen is the size of a piece; the last one of a file is shorter.
func (s *site) pieceLen(file, piece int) int {
	begin := int64(piece) * int64(s.manifest.PieceSize)
	return int(min(int64(s.manifest.PieceSize), s.manifest.Files[file].Size-begin))
}

// piece returns a piece from the disk, or else from a peer.
func (s *site) piece(ctx context.Context, file, piece int) ([]byte, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	data, err := s.local(file, piece)
	if data != nil {
		return data, nil
	}
	want, size := s.manifest.Files[file].Pieces[piece], s.pieceLen(file, piece)
	ask := func(peer *Engine) ([]byte, bool) { return peer.givePiece(s.key, file, piece) }
	check := func(data []byte) bool { return len(data) == size && sha256.Sum256(data) == want }
	if err != nil {
		// The published file changed. Perhaps a peer has the old one.
		peers, _ := s.engine.network.peers(s.engine)
		if data, _, ok := s.engine.network.askAll(peers, ask, check); ok {
			return data, nil
		}
		return nil, err
	}
	s.waiting.Add(1)
	data, _, err = s.engine.network.fetch(ctx, s.gone, s.engine, ask, check)
	s.waiting.Add(-1)
	if err != nil {
		return nil, err
	}
	s.engine.disk.putPiece(s.key, want, data)
	s.engine.network.poke()
	return data, nil
}

// local returns a piece that is on the disk, nil when it is not there. It is
// an error of kind fault.Conflict when the piece should be in the published
// folder, but the file changed.
func (s *site) local(file, piece int) ([]byte, error) {
	want := s.manifest.Files[file].Pieces[piece]
	if data, ok := s.engine.disk.piece(s.key, want); ok {
		return data, nil
	}
	f, err := s.published(file)
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, s.pieceLen(file, piece))
	if _, err := f.ReadAt(data, int64(piece)*int64(s.manifest.PieceSize)); err != nil || sha256.Sum256(data) != want {
		return nil, s.changed(file)
	}
	return data, nil
}

// published opens a file of the published folder, nil when the site was not
// published here. A file whose size or modification time changed is an error
// of kind fault.Conflict.
func (s *site) published(file int) (*os.File, error) {
	kept := s.engine.disk.site(s.key)
	if kept == nil || kept.folder == nil {
		return nil, nil
	}
	entry := &s.manifest.Files[file]
	f, err := os.Open(filepath.Join(kept.folder.root, filepath.FromSlash(entry.Path)))
	if err != nil {
		return nil, s.changed(file)
	}
	now, err := f.Stat()
	if err != nil || !now.Mode().IsRegular() || now.Size() != entry.Size ||
		!now.ModTime().Equal(kept.folder.modTimes[file]) {
		_ = f.Close()
		return nil, s.changed(file)
	}
	return f, nil
}

func (s *site) changed(file int) error {
	return fault.New(fault.Conflict, "%q changed since it was published", s.manifest.Files[file].Path).
		WithHint("publish the folder again")
}
