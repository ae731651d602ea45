package publish

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	DefaultMaxFiles = 1 << 20
	DefaultMaxSize  = 1 << 40
	DefaultAttempts = 3
	DefaultQuiet    = 300 * time.Millisecond
	DefaultPoll     = 2 * time.Second
	DefaultGateway  = "localhost:5484"
)

// Bucket is where the package remembers things; a bucket of package store is
// one.
type Bucket interface {
	// Get returns the value of key, or an error that is fs.ErrNotExist.
	Get(key string) ([]byte, error)
	// Apply makes all the changes or none and returns when they are on disk.
	Apply(puts map[string][]byte, deletes []string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Keeper is told what is to be served from now on, and what no longer.
type Keeper interface {
	// Keep opens the site at a and goes on serving it, also after a restart.
	Keep(ctx context.Context, a address.Address, title string) error
	// Release stops serving the site at a and removes it from its engine.
	Release(ctx context.Context, a address.Address) error
}

// Options of a Publisher.
type Options struct {
	// Engines take what is published, each in its own network.
	Engines []engine.Publisher
	// Publications remembers what was published.
	Publications Bucket
	// Names keeps the secret seed of every name. Whoever reads it can move the
	// names; losing it loses them.
	Names Bucket
	// Keeper serves what was published; nil when the caller does.
	Keeper Keeper
	// Moved is told of every name that was pointed somewhere, so that nobody
	// goes on with an older answer; nil when nobody remembers any.
	Moved func(name address.Address)
	// Gateway is the host and port of the URLs in a Publication; "" for
	// DefaultGateway.
	Gateway string
	// Log gets what goes wrong while watching; nil discards it.
	Log *slog.Logger

	// MaxFiles and MaxSize limit one publication; 0 means the default.
	MaxFiles int
	MaxSize  int64
	// Attempts is how often a folder that changes while it is read is read again
	// before publishing fails; 0 means DefaultAttempts.
	Attempts int
	// Quiet is how long a watched folder has to be still before it is published
	// again; 0 means DefaultQuiet. A folder that is never still is published
	// after ten times as long.
	Quiet time.Duration
	// Poll is how often a watched folder is compared where the system cannot say
	// what changes; 0 means DefaultPoll.
	Poll time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Request says what to publish, and how.
type Request struct {
	// Folder is the path of a folder, or of one file.
	Folder string
	// Name makes the publication mutable: it is the name, of the person's
	// choice, of the key under which every later version is found. A DNS name is
	// a good one. "" keeps the name the folder was last published with.
	Name string
	// Title is what the site calls itself; "" for the folder's own name.
	Title string
	// Hybrid makes a BitTorrent v1 + v2 torrent.
	Hybrid bool
	// Trackers and WebSeeds are written into the torrent.
	Trackers []string
	WebSeeds []string
}

// Publisher publishes. It is safe for concurrent use; one folder is published
// once at a time.
type Publisher struct {
	o Options

	mu      sync.Mutex
	folders map[string]*turn // by folder, while somebody publishes it
	saving  sync.Mutex       // guards read-modify-write of publications
}

// New returns a Publisher.
func New(o Options) (*Publisher, error) {
	if len(o.Engines) == 0 {
		return nil, fault.New(fault.Invalid, "there is no engine to publish with").
			WithHint("enable [bittorrent] or [ipfs] in config.toml")
	}
	if o.Publications == nil || o.Names == nil {
		return nil, fault.New(fault.Internal, "publish: both buckets are needed")
	}
	o.setDefaults()
	return &Publisher{o: o, folders: map[string]*turn{}}, nil
}

func (o *Options) setDefaults() {
	if o.Gateway == "" {
		o.Gateway = DefaultGateway
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.Attempts == 0 {
		o.Attempts = DefaultAttempts
	}
	if o.Quiet == 0 {
		o.Quiet = DefaultQuiet
	}
	if o.Poll == 0 {
		o.Poll = DefaultPoll
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}
