package library

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	Dir    string        // a folder of the library's own; made when missing
	Key    []byte        // the master key, 32 octets
	Device seal.DeviceID // this one

	Now  func() time.Time // time.Now
	Rand io.Reader        // crypto/rand
	Log  *slog.Logger     // nowhere

	Holds Holds // which bodies this device keeps: all

	// Lease is how long a friend may keep what they were sent: 7 days.
	Lease time.Duration
	// MaxAge is how long a friend uses it without asking again: 5 minutes.
	MaxAge time.Duration
	// Bury is how long a deletion is remembered for own devices: 90 days.
	Bury time.Duration
	// Receipts is how long a friend may take to confirm a purge before they are
	// called unreachable: 30 days.
	Receipts time.Duration
	// Gone is how long a deletion is told in lists of changes: 7 days.
	Gone time.Duration
	// Ahead is how far a revision may be in the future: a day.
	Ahead time.Duration
	// Reconcile is how often own devices compare: a day.
	Reconcile time.Duration
	// Drafts is how long a document that comes in parts waits for the next: a day.
	Drafts time.Duration
	// MostDrafts is how many of them an app may have; the oldest goes: 32.
	MostDrafts int
	// MostItems is how many items there may be, against own devices gone wild:
	// 1,000,000.
	MostItems int
	// Message is how many octets of items go into one message: 48 KiB.
	Message int
	// Quick does not wait for the disk: for simulations.
	Quick bool
	// Burst is how many messages of items one answer to another device has: 16.
	Burst int
}

// Holds is which bodies a device keeps (spec §6.4).
type Holds struct {
	// Apps are the only ones whose bodies are kept; nil for all.
	Apps []string
	// Recent keeps bodies used or changed within it; zero for all.
	Recent time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Key) != 32 {
		return o, fault.New(fault.Invalid, "a master key has 32 octets, not %d", len(o.Key))
	}
	if o.Dir == "" {
		return o, fault.New(fault.Invalid, "a library needs a folder")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	const day = 24 * time.Hour
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&o.Lease, 7 * day},
		{&o.MaxAge, 5 * time.Minute},
		{&o.Bury, 90 * day},
		{&o.Receipts, 30 * day},
		{&o.Gone, 7 * day},
		{&o.Ahead, day},
		{&o.Reconcile, day},
		{&o.Drafts, day},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.MostItems <= 0 {
		o.MostItems = 1_000_000
	}
	if o.Message <= 0 || o.Message > 56<<10 {
		o.Message = 48 << 10
	}
	if o.MostDrafts <= 0 {
		o.MostDrafts = 32
	}
	if o.Burst <= 0 {
		o.Burst = 16
	}
	return o, nil
}
