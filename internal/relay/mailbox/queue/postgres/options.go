package postgres

import (
	"io"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	// Limits bound each queue.
	Limits queue.Limits
	// Conns is how many connections are kept at most: 12.
	Conns int
	// Writers is how many transactions that put, and how many that acknowledge,
	// are under way at most: 3.
	Writers int
	// Batch is how many calls share a transaction at most: 128.
	Batch int
	// BatchOctets is how many octets of bodies share a transaction at most: 2 MiB.
	BatchOctets int
	// Attempts is how often a transaction is tried that the database gave up for
	// another one's sake: 8.
	Attempts int
	// Timeout is how long one transaction may take: 30 seconds.
	Timeout time.Duration
	// Now is the clock: time.Now.
	Now func() time.Time
	// Log hears what happens without a caller: nobody.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.WithDefaults()
	positive(&o.Conns, 12)
	positive(&o.Writers, 3)
	positive(&o.Batch, 128)
	positive(&o.BatchOctets, 2<<20)
	positive(&o.Attempts, 8)
	positive(&o.Timeout, 30*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

func positive[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}
