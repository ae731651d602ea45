package relay

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/relay/turn"
)

// Off in place of an address leaves a service out.
const Off = "off"

// longestDrain keeps the end of a relay within the five seconds that service
// managers and people allow.
const longestDrain = 4 * time.Second

// Options are the choices of a Server. Zero values are replaced by the default
// each comment names.
type Options struct {
	// Listen is where HTTP and WebSockets are served, host:port. Needed.
	Listen string
	// TLS makes that HTTPS. Certificates are its owner's to renew, by
	// GetCertificate without a restart: none.
	TLS *tls.Config
	// UDP is where the UDP tracker listens, host:port or Off: as Listen; where
	// that leaves the port to the system, on another such port.
	UDP string
	// TURN is where STUN and TURN listen, host:port, by UDP and, when packets are
	// carried, by TCP: Off.
	TURN string
	// TURNTLS is where TURN listens by TLS over TCP, host:port; it needs TLS: Off.
	TURNTLS string
	// Relay says how TURN is done; its PublicIP turns it on. Its sockets
	// and Secret are filled in.
	Relay turn.Options
	// Metrics is where the state of the relay is told, host:port, to those who may
	// know it: Off.
	Metrics string

	// Tracker says how the tracker is run; Trusted, Secret and Log are filled in.
	Tracker tracker.Options
	// Parts are further services.
	Parts []Part

	// Trusted are the proxies in front of the relay whose X-Forwarded-For is
	// believed: none.
	Trusted []netip.Prefix
	// MaxConns and MaxConnsPerAddress bound open TCP connections: 110,000 and 300.
	MaxConns, MaxConnsPerAddress int
	// ReusePort lets another relay of the same user listen on the same ports, to
	// take over from this one.
	ReusePort bool
	// Drain is how long clients are sent away over in the end: 2 seconds; at most 4.
	Drain time.Duration
	// Secret makes what is handed out (TURN credentials, UDP connection ids), and
	// is kept by those who restart a relay: a random one.
	Secret []byte
	// State is a file the swarms are kept in from the end of a relay to the
	// beginning of the next, so that peers need not wait for each other's next
	// announce: none. It holds addresses, and is removed when it is read.
	State string
	// Log is where beginnings, ends and trouble are told: nowhere.
	Log *slog.Logger
}

// Part is a further service on the relay's port.
type Part interface {
	// Prefix is the path it answers under, such as "/mailbox/".
	Prefix() string
	// ServeHTTP answers what comes in there.
	http.Handler
	// Run works until ctx ends. It may still be asked until then.
	Run(ctx context.Context) error
	// Metrics returns its state, as something JSON can write.
	Metrics() any
}

// Drainer is a Part that sends its clients away over a time in the end, before
// it is stopped.
type Drainer interface {
	Drain(ctx context.Context, over time.Duration)
}

func (o Options) withDefaults() (Options, error) {
	if o.Listen == "" || o.Listen == Off {
		return o, fault.New(fault.Invalid, "a relay needs an address to listen on").
			WithHint("give one, such as --listen 127.0.0.1:5490")
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 110_000
	}
	if o.MaxConnsPerAddress <= 0 {
		o.MaxConnsPerAddress = 300
	}
	if o.Drain <= 0 {
		o.Drain = 2 * time.Second
	}
	o.Drain = min(o.Drain, longestDrain)
	if o.TURN == "" {
		o.TURN = Off
	}
	if o.TURNTLS == "" {
		o.TURNTLS = Off
	}
	if o.TURNTLS != Off && (o.TLS == nil || !o.Relay.PublicIP.IsValid()) {
		return o, fault.New(fault.Invalid, "TURN over TLS on %s needs a certificate and a public address", o.TURNTLS).
			WithHint("give [relay] certificate, key and turn_address, or leave turn_tls off")
	}
	if o.Metrics == "" {
		o.Metrics = Off
	}
	if len(o.Secret) == 0 {
		o.Secret = make([]byte, 32)
		rand.Read(o.Secret)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Tracker.Trusted, o.Tracker.Log, o.Relay.Log = o.Trusted, o.Log, o.Log
	return o, nil
}
