package tracker

import (
	"log/slog"
	"net/netip"
	"runtime"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
)

// Options are the choices of a Tracker. Zero values are replaced by the default
// each comment names.
type Options struct {
	// Interval is how often HTTP and UDP peers are told to announce: 15 minutes.
	Interval time.Duration
	// MinInterval is how often they may at most: 1 minute.
	MinInterval time.Duration
	// WebInterval is how often WebSocket peers are told to announce, which is
	// when they offer new connections: 2 minutes.
	WebInterval time.Duration
	// PeerTTL is how long a peer that no longer announces is handed out: twice
	// Interval and a minute. A WebSocket peer stays as long as its connection.
	PeerTTL time.Duration

	// Want is how many peers an answer holds when none are asked for: 50.
	Want int
	// MaxWant is how many peers an answer holds at most: 200.
	MaxWant int
	// MaxScrape is how many swarms one scrape may ask about: 74, which is what
	// fits into a UDP packet.
	MaxScrape int
	// MaxSwarms and MaxPeers bound the store: 1 Mi swarms, 4 Mi peers.
	MaxSwarms, MaxPeers int
	// MaxSwarmPeers is how many peers of one kind a swarm remembers: 128 Ki.
	MaxSwarmPeers int

	// Allow decides which swarms peers may meet in, for a tracker that is not for
	// all; it must be quick: every one.
	Allow func(InfoHash) bool

	// MaxSockets and MaxSocketsPerAddress bound open WebSockets: 100,000 and 256.
	MaxSockets, MaxSocketsPerAddress int
	// MaxJoined is how many swarms one WebSocket may be in: 1000.
	MaxJoined int
	// MaxOffers is how many offers one announce may bring: 10. More are ignored.
	MaxOffers int
	// MaxMessage is the longest WebSocket message taken, in octets: 64 KiB.
	MaxMessage int
	// MaxQueue is how many octets may wait for a slow WebSocket before offers to
	// it are dropped: 256 KiB.
	MaxQueue int
	// Patience is how long a WebSocket may take over one message, to send it or
	// to take it: 20 s.
	Patience time.Duration
	// PingEvery is how long a WebSocket may be silent before it is asked for a
	// sign of life: 1 minute. After two and a half it is closed.
	PingEvery time.Duration

	// Rate limits requests of any kind per address: 50 a second, 1000 at once.
	Rate guard.Limit
	// NewPeers limits how fast one address may add peers to one swarm, so that
	// no one fills it with ports of its own: one in 5 s, 128 at once.
	NewPeers guard.Limit
	// Trusted are the proxies whose X-Forwarded-For is believed: none.
	Trusted []netip.Prefix
	// Secret keys the cookies of the UDP tracker; the same secret after a restart
	// keeps those handed out valid. Empty: a random one.
	Secret []byte
	// Workers is how many packets are answered at a time: GOMAXPROCS.
	Workers int
	// Log is where trouble is told: nowhere.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	duration(&o.Interval, 15*time.Minute)
	duration(&o.MinInterval, time.Minute)
	duration(&o.WebInterval, 2*time.Minute)
	duration(&o.PeerTTL, 2*o.Interval+time.Minute)
	duration(&o.Patience, 20*time.Second)
	duration(&o.PingEvery, time.Minute)
	number(&o.Want, 50)
	number(&o.MaxWant, 200)
	number(&o.MaxScrape, 74)
	number(&o.MaxSwarms, 1<<20)
	number(&o.MaxPeers, 4<<20)
	number(&o.MaxSwarmPeers, 128<<10)
	number(&o.MaxSockets, 100_000)
	number(&o.MaxSocketsPerAddress, 256)
	number(&o.MaxJoined, 1000)
	number(&o.MaxOffers, 10)
	number(&o.MaxMessage, 64<<10)
	number(&o.MaxQueue, 256<<10)
	number(&o.Workers, runtime.GOMAXPROCS(0))
	o.MaxScrape = min(o.MaxScrape, maxScrape)
	o.MaxWant = min(o.MaxWant, maxSample)
	o.Rate = o.Rate.Or(guard.Limit{PerSecond: 50, Burst: 1000})
	o.NewPeers = o.NewPeers.Or(guard.Limit{PerSecond: 0.2, Burst: 128})
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func duration(d *time.Duration, def time.Duration) {
	if *d <= 0 {
		*d = def
	}
}

func number(n *int, def int) {
	if *n <= 0 {
		*n = def
	}
}
