package resolve

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// Defaults of Options.
const (
	DefaultDeadline   = 2 * time.Second
	DefaultTimeout    = 30 * time.Second
	DefaultTTL        = time.Hour
	DefaultMinTTL     = time.Second
	DefaultMaxTTL     = 7 * 24 * time.Hour
	DefaultFailureTTL = time.Minute
	DefaultMaxDepth   = 8
	DefaultMaxNames   = 4096
	DefaultMaxLookups = 256
	DefaultResolvConf = "/etc/resolv.conf"
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
	// Server is a DNS server, host:port. Where both are "", the servers in
	// ResolvConf are asked if System is set, and otherwise DNS is off.
	DoH    string
	Server string
	System bool
	// Through is put around the HTTP that DoH is asked with: nothing.
	Through func(http.RoundTripper) http.RoundTripper
	// ResolvConf is the system's list of servers; "" for DefaultResolvConf. Where
	// there is no such file the system's own library is asked, which tells no TTL.
	ResolvConf string
	// WellKnown allows to fetch https://<name>/.well-known/wtp, AllowPrivate lets
	// that reach loopback and private addresses.
	WellKnown    bool
	AllowPrivate bool
	// Dial makes the connections for that fetch, once the address is known and
	// allowed, and RootCAs verify them; nil for a net.Dialer and the system's.
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	RootCAs *x509.CertPool

	// Namers resolve names under keys, each those of its network.
	Namers []Namer
	// Prefer is the network that comes first for a name that was not asked for
	// in one; "" for IPFS.
	Prefer address.Network
	// Store remembers answers; nil keeps them in memory alone.
	Store Bucket
	// Log gets what goes wrong in the background; nil discards it.
	Log *slog.Logger

	// Deadline is how long one DNS query may take, and how long a caller waits
	// for a look-up before it gets an older answer, if there is one. Timeout ends
	// the look-up as a whole.
	Deadline time.Duration
	Timeout  time.Duration
	// TTL is for answers that bring none; MinTTL and MaxTTL bound those that
	// do. FailureTTL is how long a failure is remembered.
	TTL, MinTTL, MaxTTL, FailureTTL time.Duration
	// MaxDepth is how many names may point at one another in a row.
	MaxDepth int
	// MaxNames is how many answers are kept; the least recently used go first.
	MaxNames int
	// MaxLookups is how many look-ups go on at once; more are refused.
	MaxLookups int
}

func (o *Options) setDefaults() {
	orElse(&o.ResolvConf, DefaultResolvConf)
	orElse(&o.Prefer, address.NetworkIPFS)
	orElse(&o.Deadline, DefaultDeadline)
	orElse(&o.Timeout, DefaultTimeout)
	orElse(&o.TTL, DefaultTTL)
	orElse(&o.MinTTL, DefaultMinTTL)
	orElse(&o.MaxTTL, DefaultMaxTTL)
	orElse(&o.FailureTTL, DefaultFailureTTL)
	orElse(&o.MaxDepth, DefaultMaxDepth)
	orElse(&o.MaxNames, DefaultMaxNames)
	orElse(&o.MaxLookups, DefaultMaxLookups)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
}

// orElse replaces a zero value.
func orElse[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// clamp bounds a TTL.
func (o *Options) clamp(ttl time.Duration) time.Duration {
	return min(max(ttl, o.MinTTL), o.MaxTTL)
}
