package exchange

import (
	"io"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Options are what a Core needs, and its limits. Zero limits are replaced by the
// default that each comment names.
type Options struct {
	People  People
	Handler Handler
	Local   Local
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger

	// Lifetime is how long a message waits for the other side: 7 days.
	Lifetime time.Duration
	// EpochAge is the age at which an epoch is replaced: 7 days.
	EpochAge time.Duration
	// EpochKept is how long a superseded epoch is kept at most: 28 days.
	EpochKept time.Duration
	// SeenFor is how long ids of messages are kept: 35 days, longer than any
	// context can be opened.
	SeenFor time.Duration
	// Seen is how many of them are kept of one relation: 50,000.
	Seen int
	// Direct is how long direct mailboxes have before relays are used: 2 seconds.
	Direct time.Duration
	// AckAfter is how long an acknowledgement waits for a message to travel with:
	// 2 seconds.
	AckAfter time.Duration
	// Burst and Rate are how often a friend may ask, and a second: 60 and 4.
	Burst, Rate float64
	// Open is how many requests of a friend are answered at once: 64.
	Open int
	// Waiting is how many messages wait to leave at most: 20,000.
	Waiting int
	// WaitingOctets is how much they may hold: 64 MiB.
	WaitingOctets int64
	// Asks is how many requests of this device are open at most: 1,000.
	Asks int
}

func (o Options) withDefaults() (Options, error) {
	if o.People == nil || o.Handler == nil || o.Local == nil || o.Now == nil || o.Rand == nil {
		return o, fault.New(fault.Internal, "exchange: People, Handler, Local, Now and Rand are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	const day = 24 * time.Hour
	for _, d := range []struct {
		at    *time.Duration
		usual time.Duration
	}{
		{&o.Lifetime, 7 * day},
		{&o.EpochAge, 7 * day},
		{&o.EpochKept, 28 * day},
		{&o.SeenFor, 35 * day},
		{&o.Direct, 2 * time.Second},
		{&o.AckAfter, 2 * time.Second},
	} {
		if *d.at <= 0 {
			*d.at = d.usual
		}
	}
	for _, n := range []struct {
		at    *int
		usual int
	}{{&o.Open, 64}, {&o.Waiting, 20_000}, {&o.Asks, 1000}, {&o.Seen, 50_000}} {
		if *n.at <= 0 {
			*n.at = n.usual
		}
	}
	if o.Burst <= 0 {
		o.Burst = 60
	}
	if o.Rate <= 0 {
		o.Rate = 4
	}
	if o.WaitingOctets <= 0 {
		o.WaitingOctets = 64 << 20
	}
	return o, nil
}
