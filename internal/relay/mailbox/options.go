package mailbox

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Options are the choices of a Part. Zero values are replaced by the default
// each comment names.
type Options struct {
	// Store keeps queues. Needed; Run closes it.
	Store queue.Store
	// Shared says that other relays, or another process of this one, use the same
	// Store at the same time: no.
	Shared bool
	// Limits are those that Store was made with: 128 messages, 2 MiB.
	Limits queue.Limits
	// Chunks is the folder that chunks are kept in, which is made: none are taken.
	Chunks string
	// ChunkOctets is the most that chunks may take together: 4 GiB.
	ChunkOctets int64
	// ChunkAge is how long a chunk is kept: 48 hours.
	ChunkAge time.Duration
	// Disk is a folder on the disk that must not run full: Chunks.
	Disk string
	// MaxDisk is the part of that disk which, in use, makes the relay refuse
	// messages and chunks: 0.9.
	MaxDisk float64

	// Secret makes the relay's id and keys. Needed: at least 32 octets, and the
	// same at every start.
	Secret []byte
	// KeyAge is how long a key for oblivious requests is told; it is good for as
	// long again: a week. Relays with one Secret need the same.
	KeyAge time.Duration
	// Token is needed for making queues: none.
	Token string

	// Lease is how long a message that was delivered waits to be acknowledged: 30
	// seconds.
	Lease time.Duration
	// MaxSessions and MaxSessionsPerAddress bound open sessions: 100,000 and 64.
	MaxSessions, MaxSessionsPerAddress int
	// MaxProofs is the most queues proved in a session: 2,048.
	MaxProofs int
	// MaxInflight is the most commands of a session that wait for the store: 256.
	MaxInflight int
	// Proofs is how often an address may prove a queue, or make, lock, delete or
	// subscribe one for pushes: 100 a second, 4,096 at once. More are delayed.
	Proofs guard.Limit
	// Strays is how often an address may give messages back, or acknowledge what is
	// not leased any more: 20 a second, 1,000 at once.
	Strays guard.Limit
	// Creates is how often an address may make queues; of IPv6 the /48 counts: one
	// in 10 seconds, 600 at once.
	Creates guard.Limit
	// Puts is how often messages may be put in a queue: one a second, 60 at once.
	Puts guard.Limit
	// Tickets is how often a queue may have tickets for chunks: two a second, 256
	// at once.
	Tickets guard.Limit
	// Requests is how often an address may ask by HTTP, oblivious requests of others
	// that it carries included: 50 a second, 400 at once.
	Requests guard.Limit

	// Forwards turns forwarding of oblivious requests on: off.
	Forwards bool
	// ForwardTo are origins, such as http://10.0.0.7:5487, that are forwarded to
	// besides public ones of https: none.
	ForwardTo []string
	// Contact is a mailto: or https: address for services of Web Push; it turns
	// waking on: none.
	Contact string
	// Private lets forwarding and waking reach addresses that are not public.
	Private bool

	// Trusted are the proxies in front of the relay whose X-Forwarded-For is
	// believed: none.
	Trusted []netip.Prefix
	// PingEvery is how often a silent session is asked for a sign of life: a minute.
	PingEvery time.Duration
	// Patience bounds how long one message may take to come or to go: a minute.
	Patience time.Duration
	// Log is where trouble is told: nowhere.
	Log *slog.Logger
}

// poll is how often topics of a shared store are looked at, lookEvery how often
// what has outlived its time is erased.
const (
	poll      = 2 * time.Second
	lookEvery = time.Minute
)

func (o Options) withDefaults() (Options, error) {
	if o.Store == nil || len(o.Secret) < 32 {
		return o, fault.New(fault.Internal, "mailboxes need a store and a secret")
	}
	if len(o.Token) > 256 {
		return o, fault.New(fault.Invalid, "the token of the mailboxes has %d octets", len(o.Token)).
			WithHint("at most 256 are taken")
	}
	o.Limits = o.Limits.WithDefaults()
	positive(&o.ChunkOctets, 4<<30)
	positive(&o.ChunkAge, 48*time.Hour)
	positive(&o.MaxDisk, 0.9)
	positive(&o.KeyAge, 7*24*time.Hour)
	positive(&o.Lease, 30*time.Second)
	positive(&o.MaxSessions, 100_000)
	positive(&o.MaxSessionsPerAddress, 64)
	positive(&o.MaxProofs, 2048)
	positive(&o.MaxInflight, 256)
	positive(&o.PingEvery, time.Minute)
	positive(&o.Patience, time.Minute)
	if o.Disk == "" {
		o.Disk = o.Chunks
	}
	o.Proofs = o.Proofs.Or(guard.Limit{PerSecond: 100, Burst: 4096})
	o.Strays = o.Strays.Or(guard.Limit{PerSecond: 20, Burst: 1000})
	o.Creates = o.Creates.Or(guard.Limit{PerSecond: 0.1, Burst: 600})
	o.Puts = o.Puts.Or(guard.Limit{PerSecond: 1, Burst: 60})
	o.Tickets = o.Tickets.Or(guard.Limit{PerSecond: 2, Burst: 256})
	o.Requests = o.Requests.Or(guard.Limit{PerSecond: 50, Burst: 400})
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func positive[T int | int64 | float64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// derive makes the secret of one purpose.
func (o *Options) derive(purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, o.Secret, nil, "kith mailbox v1 "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a secret: %w", err)
	}
	return key, nil
}

// identity is the key whose public half is the relay's id.
func (o *Options) identity() (ed25519.PrivateKey, error) {
	seed, err := o.derive("identity")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
