package sqlite

import (
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
)

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	// Limits bound each queue.
	Limits queue.Limits
	// Batch is how many calls share a transaction at most: 256.
	Batch int
	// Readers is how many goroutines may read at the same moment: 4.
	Readers int
	// CacheKiB is the page cache of the writer: 8192. Readers have a quarter each.
	CacheKiB int
	// LogOctets is how long the write-ahead log may grow before it is written
	// back: 32 MiB. It is emptied whenever there is nothing to do.
	LogOctets int64
	// Reserve is room that is kept beside the file, so that messages can be erased
	// when other programs have filled the disk: 4 MiB.
	Reserve int64
	// MaxOctets bounds the file and the bodies; beyond it queues and messages are
	// refused with queue.ErrDisk: as large as the disk.
	MaxOctets int64
	// Bodies are the choices of package segment, but for its clock.
	Bodies segment.Options
	// DiskShare is how full the disk may be, from 0 to 1, before queues and
	// messages are refused with queue.ErrDisk: 0.9.
	DiskShare float64
	// DiskUsed says how full the disk is that has the given folder: what the
	// system says.
	DiskUsed func(dir string) (float64, error)
	// Alone reports whether no other process has the file. It is asked until it says
	// so; meanwhile nothing of the other's is touched but by SQLite: yes.
	Alone func() bool
	// Quiet is how long nothing has to happen before disk is given back: 50 ms.
	Quiet time.Duration
	// Tend is how often bodies are looked at that could make room: a second.
	Tend time.Duration
	// Now is the clock: time.Now.
	Now func() time.Time
	// Log hears what happens without a caller: nobody.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.WithDefaults()
	positive(&o.Batch, 256)
	positive(&o.Readers, 4)
	positive(&o.CacheKiB, 8192)
	positive(&o.LogOctets, 32<<20)
	positive(&o.Reserve, 4<<20)
	positive(&o.DiskShare, 0.9)
	positive(&o.Quiet, 50*time.Millisecond)
	positive(&o.Tend, time.Second)
	if o.DiskUsed == nil {
		o.DiskUsed = queue.DiskUsed
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Alone == nil {
		o.Alone = func() bool { return true }
	}
	o.Bodies.Now = o.Now
	if o.Bodies.Octets <= 0 && o.MaxOctets > 0 {
		o.Bodies.Octets = min(segment.Octets, o.MaxOctets/8) // several files, so that some can be removed
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

func positive[T int | int64 | float64 | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// folder is where the file at path is.
func folder(path string) string { return filepath.Dir(path) }
