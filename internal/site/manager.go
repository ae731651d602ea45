package site

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// Defaults of Options.
const (
	DefaultSeedFor     = 30 * time.Minute
	DefaultCacheSize   = 10 << 30
	DefaultOpenTimeout = 2 * time.Minute
	DefaultHeadStart   = 300 * time.Millisecond
	DefaultFlush       = 30 * time.Second
)

// Resolved is what a name points at.
type Resolved struct {
	// Candidates are immutable addresses of the same site, the preferred first.
	Candidates []address.Address
	// Expires is when to ask again; Stale says that the answer is past that.
	Expires time.Time
	Stale   bool
}

// Resolver says what names point at. It answers immutable addresses too, with
// themselves.
type Resolver interface {
	// Resolve returns what a points at.
	Resolve(ctx context.Context, a address.Address) (Resolved, error)
}

// ResolverFunc is a function that is a Resolver.
type ResolverFunc func(ctx context.Context, a address.Address) (Resolved, error)

// Resolve calls f.
func (f ResolverFunc) Resolve(ctx context.Context, a address.Address) (Resolved, error) {
	return f(ctx, a)
}

// Bucket is where sites are remembered; a bucket of package store is one.
type Bucket interface {
	// Put sets the value of key.
	Put(key string, value []byte) error
	// Apply makes all the changes or none and returns when they are on disk.
	Apply(puts map[string][]byte, deletes []string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Options of a Manager.
type Options struct {
	// Engines open sites, each those of its network.
	Engines []engine.Engine
	// Resolver says what names point at.
	Resolver Resolver
	// Store remembers sites.
	Store Bucket
	// Log gets what goes wrong in the background; nil discards it.
	Log *slog.Logger

	// SeedFor is how long a site is served after its last use; CacheSize how
	// many bytes all sites may take that are not kept for good, -1 for no limit.
	SeedFor   time.Duration
	CacheSize int64
	// OpenTimeout is how long a site is looked for, whether anybody waits or
	// not.
	OpenTimeout time.Duration
	// HeadStart is how long the preferred network of a name is tried alone.
	HeadStart time.Duration
	// Flush is how long changes of LastUsed may wait to be written.
	Flush time.Duration
}

// Manager keeps the sites of this node. It is safe for concurrent use.
type Manager struct{}

// New returns a Manager with the sites that o.Store remembers, and begins to
// open again those that are to be served.
func New(o Options) (*Manager, error) { return &Manager{}, nil }

// Handle is a site in use: it is not closed or removed for want of use before
// Close.
type Handle struct{}

// FS returns the site's files as engine.Site.FS does.
func (h *Handle) FS(ctx context.Context) fs.FS { return nil }

// Address is the site's own address, Target the immutable one behind it.
func (h *Handle) Address() address.Address { return address.Address{} }

// Target is the immutable address the handle reads from.
func (h *Handle) Target() address.Address { return address.Address{} }

// Mode is how the site is shown, with the origins that an app may talk to.
func (h *Handle) Mode() (mode Mode, allow []string) { return ModeSite, nil }

// ClearOnNext reports, once, that the browser's storage of this origin has to be
// cleared with the next response, because the mode changed.
func (h *Handle) ClearOnNext() bool { return false }

// Close ends the use.
func (h *Handle) Close() {}

// Open returns the site at a, waiting until it can be read or ctx ends. Looking
// for it goes on without the caller, up to Options.OpenTimeout.
func (m *Manager) Open(ctx context.Context, a address.Address) (*Handle, error) { return nil, nil }

// Begin starts to open a in the background and returns what is known of it now.
func (m *Manager) Begin(a address.Address) (Site, error) { return Site{}, nil }

// Sites lists every known site, the last used first.
func (m *Manager) Sites() []Site { return nil }

// Progress returns what is known of the site at a; ok is false when it is not
// known.
func (m *Manager) Progress(a address.Address) (s Site, ok bool) { return Site{}, false }

// Pin keeps the site at a for good and completes it in the background, or stops
// doing so. A site that is not known yet is opened.
func (m *Manager) Pin(a address.Address, pinned bool) (Site, error) { return Site{}, nil }

// SetMode changes how the site at a is shown and, for an app, the origins it may
// talk to.
func (m *Manager) SetMode(a address.Address, mode Mode, allow []string) (Site, error) {
	return Site{}, nil
}

// Remove forgets the site at a and deletes what its engine stored, unless
// another site has the same content.
func (m *Manager) Remove(ctx context.Context, a address.Address) error { return nil }

// Keep serves a published site from now on, also after a restart.
func (m *Manager) Keep(ctx context.Context, a address.Address, title string) error { return nil }

// Release stops serving a published site and removes it from its engine.
func (m *Manager) Release(ctx context.Context, a address.Address) error { return nil }

// Subscribe returns a channel that gets a value after sites changed; changes
// that nobody took are one. Cancel ends it.
func (m *Manager) Subscribe() (changed <-chan struct{}, cancel func()) { return nil, nil }

// Close writes what was not written, closes every site and ends what goes on in
// the background.
func (m *Manager) Close() error { return nil }
