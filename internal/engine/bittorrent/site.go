package bittorrent

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	g "github.com/anacrolix/generics"
	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/engine/bittorrent/vault"
	"github.com/kith-web/kith/internal/fault"
)

// site is a torrent that is open or opening.
type site struct {
	e    *Engine
	key  string
	addr address.Address
	hash [20]byte
	refs int // e.mu
	t    *torrent.Torrent
	ctx  context.Context //nolint:containedctx // ends with the site
	stop context.CancelFunc

	ready  chan struct{} // closed when content is there
	failed chan struct{} // closed when failure is
	gone   chan struct{} // closed when the site is
	// failure is why the torrent can never be opened.
	failure error

	content  atomic.Pointer[content]
	exchange exchange
	past     past
	demand   demand
	ledger   ledger
	waiting  atomic.Int32  // readers
	hurried  chan struct{} // see hurry
	stirred  atomic.Bool   // something happened since the last round of wake
	quiet    int           // rounds of wake since

	mu       sync.Mutex
	closed   bool
	trackers []string // its own and hints; the configured ones come on top
	webSeeds []string
	leave    []func() // of WebSocket trackers
	joined   map[string]bool
	sources  map[string]bool
	base     counters // from before the site was opened
	saved    counters
}

// content is what is known once the list of files is.
type content struct {
	meta   *metafile.Meta
	vault  *vault.Vault
	tree   *tree
	folder string
	pieces int64 // octets of the index, for Stats.Disk
}

// newSite opens a torrent, from the store if it is there; e.mu is held.
func (e *Engine) newSite(key string, a address.Address) (*site, error) {
	ctx, stop := context.WithCancel(e.ctx)
	s := &site{
		e: e, key: key, addr: a.Root(), hash: shortHash(key), ctx: ctx, stop: stop,
		ready: make(chan struct{}), failed: make(chan struct{}), gone: make(chan struct{}),
		joined: map[string]bool{}, sources: map[string]bool{}, hurried: make(chan struct{}, 1),
	}
	s.ledger.init()
	base, _, err := recall[counters](e.o.Store, countPrefix+key)
	if err != nil {
		return nil, err
	}
	s.base, s.saved = base, base
	index, known, err := e.index(key)
	if err != nil {
		return nil, err
	}
	if known {
		if err := s.load(index); err != nil {
			return nil, err
		}
	}
	delete(e.cold, key)
	return s, s.begin(index)
}

// begin hands the torrent to the wire library.
func (s *site) begin(index *metafile.Torrent) error {
	opts := torrent.AddTorrentOpts{InfoHash: s.hash, Storage: opener{s}, DisableInitialPieceCheck: true}
	if index != nil {
		opts.InfoBytes = index.Info
		if index.HasV1 && index.HasV2 {
			opts.InfoHash = index.V1 // the library finds the other one in the index
		}
	}
	s.e.open.Store(s.hash, s)
	if index != nil {
		s.e.open.Store([20]byte(index.V1), s)
	}
	t, isNew := s.e.client.AddTorrentOpt(opts)
	if !isNew {
		return fault.New(fault.Conflict, "%v is open under its other infohash", s.addr)
	}
	s.t = t
	if index != nil {
		if t.Info() == nil {
			t.Drop()
			return fault.New(fault.Corrupt, "the index of %v is not understood", s.addr)
		}
		s.settle(index)
	} else {
		go s.askAgain()
	}
	s.find()
	return nil
}

// load prepares what a checked index describes.
func (s *site) load(index *metafile.Torrent) error {
	record, _, err := recall[folderRecord](s.e.o.Store, folderPrefix+s.key)
	if err != nil {
		return err
	}
	c := &content{meta: index.Meta, tree: newTree(index.Meta), folder: record.Root, pieces: int64(len(index.Info))}
	c.vault, err = vault.Open(vault.Options{
		Path: s.e.path(s.key), Meta: index.Meta, Folder: record.Root, Files: record.sources(),
		OnComplete: s.ledger.verified,
		OnLost:     func(first, end int) { go s.lost(first, end) },
		OnError:    func(err error) { s.e.o.Log.Warn("pieces of a torrent", "site", s.key, "error", err) },
	})
	if err != nil {
		return fault.New(fault.KindOf(err), "cannot open the pieces of %v: %w", s.addr, err)
	}
	s.content.Store(c)
	return nil
}

// settle is called once the library has the index.
func (s *site) settle(index *metafile.Torrent) {
	if err := s.e.learnAlias(s.key, index.Meta); err != nil {
		s.e.o.Log.Warn("store the other infohash of a torrent", "site", s.key, "error", err)
	}
	if len(index.Layers) > 0 {
		for _, err := range s.t.AddPieceLayers(index.Layers) {
			s.e.o.Log.Debug("piece layers", "site", s.key, "error", err)
		}
	}
	s.demand.init(index.Pieces)
	s.addTrackers(index.Trackers)
	s.addWebSeeds(index.WebSeeds)
	close(s.ready)
}

// learn takes the index of a torrent that was opened without.
func (s *site) learn(index *metafile.Torrent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.isReady() {
		return nil
	}
	if err := s.e.o.Store.Put(indexPrefix+s.key, index.Encode()); err != nil {
		return fmt.Errorf("store the index of %v: %w", s.addr, err)
	}
	if err := s.load(index); err != nil {
		return err
	}
	s.e.open.Store([20]byte(index.V1), s)
	if err := s.t.SetInfoBytes(index.Info); err != nil {
		return fault.New(fault.Corrupt, "the index of %v is not understood: %w", s.addr, err)
	}
	go s.settle(index)
	return nil
}

// refresh makes an open site read from the folder it was published from just
// now.
func (e *Engine) refresh(key string, index *metafile.Torrent) error {
	e.mu.Lock()
	delete(e.cold, key)
	s := e.sites[key]
	e.mu.Unlock()
	switch {
	case s == nil:
		return nil
	case !s.isReady():
		return s.learn(index)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	old := s.content.Load()
	if err := old.vault.Close(); err != nil {
		return fmt.Errorf("close the pieces of %v: %w", s.addr, err)
	}
	if err := s.load(index); err != nil {
		return err
	}
	go s.recheck(0, index.Pieces)
	return nil
}

// fail says that the torrent can never be opened.
func (s *site) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.failed:
	default:
		s.failure = err
		close(s.failed)
	}
}

func (s *site) isReady() bool { return s.content.Load() != nil }

// recheck tells the library of pieces that came or went.
func (s *site) recheck(first, end int) {
	for i := first; i < end && s.ctx.Err() == nil; i++ {
		s.t.Piece(i).UpdateCompletion()
	}
}

// lost tells the library of pieces that went, and hangs up: peers cannot be told
// otherwise, and the library leaves what else they asked for unanswered when it
// cannot read one piece.
func (s *site) lost(first, end int) {
	s.recheck(first, end)
	for _, pc := range s.t.PeerConns() {
		_ = pc.Close()
	}
}

// close ends the site. What was verified stays.
func (s *site) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.gone)
	leave := s.leave
	s.mu.Unlock()
	s.stop()
	for _, f := range leave {
		f()
	}
	// Counters that a full disk does not take keep no site open.
	if err := s.saveCounters(); err != nil {
		s.e.o.Log.Warn("store the counters of a torrent", "site", s.key, "error", err)
	}
	s.demand.close()
	s.e.open.CompareAndDelete(s.hash, s)
	s.t.Drop()
	if c := s.content.Load(); c != nil {
		s.e.open.CompareAndDelete([20]byte(c.meta.V1), s)
		return c.vault.Close()
	}
	return nil
}

// opener gives the library the vault of a torrent that was checked, and nothing
// else.
type opener struct{ s *site }

// OpenTorrent implements storage.ClientImpl.
func (o opener) OpenTorrent(ctx context.Context, info *metainfo.Info, h metainfo.Hash) (storage.TorrentImpl, error) {
	if !o.s.isReady() {
		return refusing{}.OpenTorrent(ctx, info, h)
	}
	return storage.TorrentImpl{
		PieceWithHash: func(p metainfo.Piece, _ g.Option[[]byte]) storage.PieceImpl {
			return o.s.content.Load().vault.Piece(p.Index())
		},
		Close: func() error { return nil },
	}, nil
}

// siteOf is the site a torrent of the library belongs to.
func (e *Engine) siteOf(t *torrent.Torrent) *site {
	if t == nil {
		return nil
	}
	v, _ := e.open.Load([20]byte(t.InfoHash()))
	s, _ := v.(*site)
	return s
}

// handle is one reference to a site.
type handle struct {
	s    *site
	once sync.Once
}

// Address implements engine.Site.
func (h *handle) Address() address.Address { return h.s.addr }

// FS implements engine.Site.
func (h *handle) FS(ctx context.Context) fs.FS { return &fsys{s: h.s, ctx: ctx} }

// Complete implements engine.Site.
func (h *handle) Complete(ctx context.Context) error { return h.s.complete(ctx) }

// Close implements engine.Site.
func (h *handle) Close() error {
	h.once.Do(func() { h.s.e.release(h.s) })
	return nil
}

var _ engine.Site = (*handle)(nil)

func hasScheme(u string, schemes ...string) bool {
	for _, s := range schemes {
		if strings.HasPrefix(u, s+"://") {
			return true
		}
	}
	return false
}
