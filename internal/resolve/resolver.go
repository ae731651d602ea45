package resolve

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// Defaults of Options.
const (
	DefaultDeadline   = 2 * time.Second
	DefaultTimeout    = 30 * time.Second
	DefaultTTL        = time.Hour
	DefaultMinTTL     = time.Minute
	DefaultMaxTTL     = 7 * 24 * time.Hour
	DefaultFailureTTL = time.Minute
	DefaultMaxDepth   = 8
	DefaultMaxNames   = 4096
)

// Namer resolves the mutable names of one network; an engine.Namer is one.
type Namer interface {
	// Network is the network whose names it resolves.
	Network() address.Network
	// ResolveName returns what name points at and for how long the answer may
	// be kept.
	ResolveName(ctx context.Context, name address.Address) (target address.Address, ttl time.Duration, err error)
}

// Bucket is where answers are remembered; a bucket of package store is one.
type Bucket interface {
	// Put sets the value of key.
	Put(key string, value []byte) error
	// Delete removes key; it is no error when it is absent.
	Delete(key string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Options of a Resolver.
type Options struct {
	// DoH is the URL of a DNS over HTTPS server (RFC 8484). Where it is "",
	// Server is a DNS server, host:port. Where both are "", the system's
	// servers are asked, unless System is false: then DNS is off.
	DoH    string
	Server string
	System bool
	// WellKnown allows to fetch https://<name>/.well-known/wtp.
	WellKnown bool
	// AllowPrivate lets that fetch reach loopback and private addresses.
	AllowPrivate bool
	// HTTP does the requests to DoH; nil for one of its own.
	HTTP *http.Client

	// Namers resolve names under keys, each those of its network.
	Namers []Namer
	// Store remembers answers; nil keeps them in memory alone.
	Store Bucket
	// Log gets what goes wrong in the background; nil discards it.
	Log *slog.Logger

	// Deadline is how long a caller waits before an older answer is given to
	// it; Timeout ends the look-up itself.
	Deadline time.Duration
	Timeout  time.Duration
	// TTL is for answers that bring none; MinTTL and MaxTTL bound those that
	// do. FailureTTL is how long a failure is remembered.
	TTL, MinTTL, MaxTTL, FailureTTL time.Duration
	// MaxDepth is how many names may point at one another in a row.
	MaxDepth int
	// MaxNames is how many answers are kept; the least recently used go first.
	MaxNames int
}

// Resolution is what a name points at.
type Resolution struct {
	// Candidates are immutable addresses, the preferred network's first. Each
	// is the same site on another network.
	Candidates []address.Address
	// Chain are the names that were followed, the one asked for first.
	Chain []address.Address
	// Expires is when the answer should be asked for again.
	Expires time.Time
	// Stale says that the answer is past its time and a newer one was not to be
	// had yet.
	Stale bool
}

// Resolver resolves names. It is safe for concurrent use.
type Resolver struct{}

// New returns a Resolver with the answers that o.Store remembers.
func New(o Options) (*Resolver, error) { return &Resolver{}, nil }

// Resolve returns what a points at: a itself where it is immutable. The error is
// fault.NotFound when the name points nowhere, fault.Unreachable when nobody who
// knows answered in time, fault.Corrupt for rubbish and loops, and fault.Invalid
// when a cannot be resolved.
func (r *Resolver) Resolve(ctx context.Context, a address.Address) (Resolution, error) {
	return Resolution{}, nil
}

// Forget drops what is remembered of a, so that the next Resolve asks anew.
func (r *Resolver) Forget(a address.Address) {}

// Close ends look-ups that still go on.
func (r *Resolver) Close() error { return nil }
