package memory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	DefaultPieceSize = 64 << 10
	DefaultMaxFiles  = 1 << 20
	DefaultMaxSize   = 1 << 40
)

// maxPieceSize bounds what one peer can make us hold for one piece.
const maxPieceSize = 16 << 20

// Options of an engine. The zero value is an engine without peers.
type Options struct {
	// Network is where the peers are; nil for one of its own.
	Network *Network
	// Disk is what the engine keeps; nil for an empty one.
	Disk *Disk
	// As chooses the form of the engine's addresses: address.NetworkIPFS (the
	// default) or address.NetworkBitTorrent.
	As address.Network
	// ID names the engine among its peers; "" for a random one.
	ID string
	// PieceSize, MaxFiles and MaxSize have the defaults above.
	PieceSize int
	MaxFiles  int
	MaxSize   int64
}

func (o *Options) setDefaults() {
	if o.Network == nil {
		o.Network = NewNetwork()
	}
	if o.Disk == nil {
		o.Disk = NewDisk()
	}
	if o.As == address.NetworkNone {
		o.As = address.NetworkIPFS
	}
	if o.ID == "" {
		o.ID = "memory-" + rand.Text()
	}
	if o.PieceSize == 0 {
		o.PieceSize = DefaultPieceSize
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
}

// Engine is an engine.Engine, a Publisher and a Namer in memory.
type Engine struct {
	id      string
	network *Network
	disk    *Disk
	options Options

	mu      sync.Mutex
	open    map[string]*site
	opening map[string]int // how many Open calls wait for a manifest
	closed  bool
	gone    chan struct{} // closed by Close
}

var (
	_ engine.Publisher = (*Engine)(nil)
	_ engine.Namer     = (*Engine)(nil)
)

// New returns an engine that has joined its network.
func New(o Options) (*Engine, error) {
	o.setDefaults()
	if o.As != address.NetworkIPFS && o.As != address.NetworkBitTorrent {
		return nil, fault.New(fault.Invalid, "no network is called %q", o.As)
	}
	if o.PieceSize < 0 || o.PieceSize > maxPieceSize {
		return nil, fault.New(fault.Invalid, "a piece size of %d: at most %d", o.PieceSize, maxPieceSize)
	}
	e := &Engine{
		id: o.ID, network: o.Network, disk: o.Disk, options: o,
		open: map[string]*site{}, opening: map[string]int{}, gone: make(chan struct{}),
	}
	e.network.join(e)
	return e, nil
}

// Network implements engine.Engine.
func (e *Engine) Network() address.Network { return e.options.As }

// Open implements engine.Engine.
func (e *Engine) Open(ctx context.Context, a address.Address) (engine.Site, error) {
	if err := e.check(a); err != nil {
		return nil, err
	}
	key := a.Key()
	s, err := e.again(key)
	if s == nil && err == nil {
		if err = e.fetchManifest(ctx, a); err == nil {
			s, err = e.enter(a.Root())
		}
	}
	if err != nil {
		return nil, err
	}
	e.network.poke()
	return s, nil
}

// check refuses addresses that are not this engine's.
func (e *Engine) check(a address.Address) error {
	switch {
	case !a.Valid() || a.Network() != e.Network():
		return fault.New(fault.Invalid, "%q is no address of the network %q", a, e.Network())
	case !a.Immutable():
		return fault.New(fault.Invalid, "%q is a name and must be resolved first", a)
	}
	return nil
}

// again takes one more reference of an open site, nil when it is not open.
func (e *Engine) again(key string) (*site, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fs.ErrClosed
	}
	s := e.open[key]
	if s != nil {
		s.refs++
	}
	return s, nil
}

// fetchManifest makes sure that the site's manifest is on the disk.
func (e *Engine) fetchManifest(ctx context.Context, a address.Address) error {
	key := a.Key()
	if e.disk.site(key) != nil {
		return nil
	}
	e.countOpening(key, 1)
	defer e.countOpening(key, -1)
	raw, _, err := e.network.fetch(ctx, e.gone, e,
		func(peer *Engine) ([]byte, bool) { return peer.giveManifest(key) },
		func(raw []byte) bool { got, err := e.address(raw); return err == nil && got.Key() == key })
	if err != nil {
		if ctx.Err() != nil {
			return fault.New(fault.Unreachable, "no peer has %q: %w", a, err)
		}
		return fmt.Errorf("open %q: %w", a, err)
	}
	m, err := decode(raw, e.options.MaxFiles, e.options.MaxSize)
	if err != nil {
		return fmt.Errorf("open %q: %w", a, err)
	}
	e.disk.keep(key, &stored{raw: raw, manifest: m, pieces: map[hash][]byte{}})
	return nil
}

func (e *Engine) countOpening(key string, by int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opening[key] += by; e.opening[key] == 0 {
		delete(e.opening, key)
	}
}

// enter opens a site whose manifest is on the disk.
func (e *Engine) enter(a address.Address) (*site, error) {
	key := a.Key()
	kept := e.disk.site(key)
	if kept == nil {
		return nil, fs.ErrClosed // removed in this moment
	}
	t, err := newTree(kept.manifest)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fs.ErrClosed
	}
	s := e.open[key]
	if s == nil {
		s = &site{engine: e, address: a, key: key, manifest: kept.manifest, raw: kept.raw, tree: t, gone: make(chan struct{})}
		e.open[key] = s
	}
	s.refs++
	return s, nil
}

// address is the address of a manifest.
func (e *Engine) address(raw []byte) (address.Address, error) {
	sum := sha256.Sum256(raw)
	if e.options.As == address.NetworkBitTorrent {
		return address.FromInfoHash([20]byte(sum[:20])), nil
	}
	mh, err := multihash.Encode(sum[:], multihash.SHA2_256)
	if err != nil {
		return address.Address{}, err
	}
	return address.FromCID(cid.NewCidV1(cid.Raw, mh)), nil
}

// Remove implements engine.Engine.
func (e *Engine) Remove(_ context.Context, a address.Address) error {
	if err := e.check(a); err != nil {
		return err
	}
	key := a.Key()
	e.mu.Lock()
	if s := e.open[key]; s != nil {
		delete(e.open, key)
		close(s.gone)
	}
	e.mu.Unlock()
	e.disk.remove(key)
	return nil
}

// Status implements engine.Engine.
func (e *Engine) Status() engine.Status {
	peers, _ := e.network.peers(e)
	return engine.Status{
		Listen: []string{}, PeerID: e.id, Peers: len(peers), DHTNodes: -1, Reachable: "yes",
		Services: []engine.Service{},
	}
}

// Close implements engine.Engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	close(e.gone)
	for _, key := range slices.Collect(maps.Keys(e.open)) {
		close(e.open[key].gone)
		delete(e.open, key)
	}
	e.network.leave(e)
	return nil
}

// giveManifest answers a peer that asks for an open site.
func (e *Engine) giveManifest(key string) ([]byte, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.open[key]
	if s == nil {
		return nil, false
	}
	return s.raw, true
}

// givePiece answers a peer that asks for a piece of an open site.
func (e *Engine) givePiece(key string, file, piece int) ([]byte, bool) {
	e.mu.Lock()
	s := e.open[key]
	e.mu.Unlock()
	if s == nil || file >= len(s.manifest.Files) || piece >= len(s.manifest.Files[file].Pieces) {
		return nil, false
	}
	data, err := s.local(file, piece)
	if err != nil || data == nil {
		return nil, false
	}
	e.disk.sent(key, len(data))
	return data, true
}
