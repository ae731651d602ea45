package site

import (
	"context"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	DefaultSeedFor     = 30 * time.Minute
	DefaultCacheSize   = 10 << 30
	DefaultOpenTimeout = 2 * time.Minute
	DefaultHeadStart   = 300 * time.Millisecond
	DefaultFlush       = 30 * time.Second
	DefaultGrace       = time.Minute
	DefaultRetry       = 30 * time.Second
	DefaultMaxRetry    = 30 * time.Minute
	DefaultMinRefresh  = 5 * time.Second
	DefaultMaxOpening  = 128
	DefaultMaxSites    = 10_000
)

// leastSeed is how long a site stays open after its use at least, so that one
// page's requests find it open.
const leastSeed = time.Second

// Resolved is what a name points at.
type Resolved struct {
	// Candidates are immutable addresses of the same site, the preferred first.
	// Their Path is the folder in which the site begins.
	Candidates []address.Address
	// Expires is when to ask again, zero for never; Stale says that the answer
	// is past its time.
	Expires time.Time
	Stale   bool
}

// Resolver says what names point at. It answers immutable addresses too, with
// themselves.
type Resolver interface {
	// Resolve returns what a points at.
	Resolve(ctx context.Context, a address.Address) (Resolved, error)
}

// Forgetter is a Resolver that keeps answers and can be told that one is out of
// date.
type Forgetter interface {
	Resolver
	// Forget drops what is remembered of a.
	Forget(a address.Address)
}

// ResolverFunc is a function that is a Resolver.
type ResolverFunc func(ctx context.Context, a address.Address) (Resolved, error)

// Resolve calls f.
func (f ResolverFunc) Resolve(ctx context.Context, a address.Address) (Resolved, error) {
	return f(ctx, a)
}

// Bucket is where sites are remembered; a bucket of package store is one.
type Bucket interface {
	// Apply makes all the changes or none and returns when they are on disk.
	Apply(puts map[string][]byte, deletes []string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Options of a Manager. What is zero has its default.
type Options struct {
	// Engines open sites, each those of its network.
	Engines []engine.Engine
	// Resolver says what names point at.
	Resolver Resolver
	// Store remembers sites.
	Store Bucket
	// Log gets what goes wrong in the background; nil discards it.
	Log *slog.Logger

	// SeedFor is how long a site is served after its last use, negative for next
	// to nothing; CacheSize how
	// many bytes all sites may take before some are removed, negative for no
	// limit. A site that was used within Grace is not removed.
	SeedFor   time.Duration
	CacheSize int64
	Grace     time.Duration
	// OpenTimeout is how much longer a site is looked for when nobody waits for
	// it.
	OpenTimeout time.Duration
	// HeadStart is how long the preferred network of a name is tried alone.
	HeadStart time.Duration
	// Flush is how long changes of LastUsed may wait to be written.
	Flush time.Duration
	// Retry is when something that failed and has to be done, like opening a
	// pinned site, is tried again; it doubles each time up to MaxRetry.
	Retry, MaxRetry time.Duration
	// MinRefresh is the shortest time between two look-ups of one name, whatever
	// its answer says.
	MinRefresh time.Duration
	// MaxOpening is how many sites are looked for at once, MaxSites how many are
	// known that are not kept; more are refused or forgotten.
	MaxOpening, MaxSites int
}

func (o *Options) check() error {
	if o.Resolver == nil || o.Store == nil {
		return fault.New(fault.Internal, "site: a resolver and a store are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	orElse(&o.SeedFor, DefaultSeedFor)
	o.SeedFor = max(o.SeedFor, leastSeed)
	orElse(&o.CacheSize, DefaultCacheSize)
	orElse(&o.Grace, DefaultGrace)
	orElse(&o.OpenTimeout, DefaultOpenTimeout)
	orElse(&o.HeadStart, DefaultHeadStart)
	orElse(&o.Flush, DefaultFlush)
	orElse(&o.Retry, DefaultRetry)
	orElse(&o.MaxRetry, DefaultMaxRetry)
	orElse(&o.MinRefresh, DefaultMinRefresh)
	orElse(&o.MaxOpening, DefaultMaxOpening)
	orElse(&o.MaxSites, DefaultMaxSites)
	return nil
}

// orElse replaces a zero value.
func orElse[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// again is when to look up a name that was answered with res just now.
func (o *Options) again(res Resolved) time.Time {
	soonest := time.Now().Add(o.MinRefresh)
	if res.Expires.IsZero() || res.Expires.After(soonest) {
		return res.Expires
	}
	return soonest
}

// backoff is how long to wait after so many failures in a row.
func (o *Options) backoff(failures int) time.Duration {
	d := o.Retry
	for range failures - 1 {
		if d >= o.MaxRetry/2 {
			return o.MaxRetry
		}
		d *= 2
	}
	return min(d, o.MaxRetry)
}
