package webtransport

import (
	"log/slog"
	"time"
)

// The defaults of Options.
const (
	DefaultMaxConns          = 1024
	DefaultMaxConnsPerSource = 64
	DefaultMaxStreams        = 64
	DefaultHandshakeTime     = 10 * time.Second
	DefaultIdleTime          = time.Minute
)

// Bucket remembers the certificates. A *store.Bucket is one.
type Bucket interface {
	// Get returns fs.ErrNotExist (wrapped) for a key that is not there.
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
}

// Options of a Listener. The zero value of a field is its default.
type Options struct {
	// Listen is the UDP address to listen at, host:port. "" is "127.0.0.1:0".
	Listen string
	// Store keeps certificates over restarts; nil makes new ones each time.
	Store Bucket
	// Announce are the addresses peers reach this node at, host or host:port;
	// without a port it is the one of Listen. When there are none, they are found
	// out: the address of Listen if it is one, else those of the interfaces that
	// the whole Internet can reach, and with Private all but loopback.
	Announce []string
	Private  bool
	// Log gets what happens; nil discards it.
	Log *slog.Logger

	// MaxConns bounds QUIC connections, MaxConnsPerSource those of one IPv4
	// address or IPv6 network of 64 bits.
	MaxConns          int
	MaxConnsPerSource int
	// MaxStreams bounds the streams open in one session.
	MaxStreams int
	// HandshakeTime is how long a browser may take for each of: the session after
	// the connection, and the first 48 octets of a stream.
	HandshakeTime time.Duration
	// IdleTime is how long a session without streams is kept.
	IdleTime time.Duration
	// Now is the clock that certificates are made by; nil is time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orDefault(&o.MaxConns, DefaultMaxConns)
	orDefault(&o.MaxConnsPerSource, DefaultMaxConnsPerSource)
	orDefault(&o.MaxStreams, DefaultMaxStreams)
	orDefault(&o.HandshakeTime, DefaultHandshakeTime)
	orDefault(&o.IdleTime, DefaultIdleTime)
	return o
}

func orDefault[T int | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}
