package nearby

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/openscreen"
)

// Defaults of Options.
const (
	DefaultFindTime     = 30 * time.Second
	DefaultRetryTime    = 2 * time.Minute
	DefaultMaxOffers    = 16
	DefaultMaxTransfers = 64
	DefaultKeepEnded    = 50
)

// identityName is the key of the agent's identity in the store.
const identityName = "identity"

// Options of a Service. Store and Name are required.
type Options struct {
	// Name is what this device calls itself.
	Name string
	// Store keeps the book and the identity.
	Store Store
	// Listen is where sessions (UDP) and bulk connections (TCP) arrive. When the
	// port is taken, another is used.
	Listen netip.AddrPort
	// Interfaces to announce and look on; none for all.
	Interfaces []string
	// Dir is the folder for files that arrive and nobody named another for.
	Dir string
	// Advertise announces this device; Receive lets others offer files.
	Advertise bool
	Receive   bool
	// MaxReceive is how many bytes one transfer may bring; 0 for no bound but the
	// disk's. MaxFiles is how many files.
	MaxReceive int64
	MaxFiles   int
	// FindTime is how long a device that was named is looked for.
	FindTime time.Duration
	// RetryTime is how long a device is waited for that went away while files were
	// sent to it; negative for not at all. Idle is after how long without a word a
	// device is taken to have gone away; 0 for package openscreen's.
	RetryTime time.Duration
	Idle      time.Duration
	// MaxOffers is how many offers may wait for an answer, MaxTransfers how many
	// transfers may be under way, KeepEnded how many that ended are remembered.
	MaxOffers    int
	MaxTransfers int
	KeepEnded    int
	// Elsewhere finds a paired device that is not on this network, such as through
	// a relay. nil: such devices are not reached. It is the seam for the internet.
	Elsewhere func(ctx context.Context, f openscreen.Fingerprint) (openscreen.Device, error)
	// Log gets what goes wrong with others; nil discards it.
	Log *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.FindTime <= 0 {
		o.FindTime = DefaultFindTime
	}
	if o.RetryTime == 0 {
		o.RetryTime = DefaultRetryTime
	}
	for p, d := range map[*int]int{
		&o.MaxFiles: transfer.DefaultMaxFiles, &o.MaxOffers: DefaultMaxOffers,
		&o.MaxTransfers: DefaultMaxTransfers, &o.KeepEnded: DefaultKeepEnded,
	} {
		if *p <= 0 {
			*p = d
		}
	}
	if o.Name = cleanName(o.Name); o.Name == "" {
		if host, err := os.Hostname(); err == nil {
			o.Name = cleanName(host)
		}
	}
	if o.Name == "" {
		o.Name = "kith"
	}
}

// identity is that of the store, made the first time.
func identity(s Store) (*openscreen.Identity, error) {
	state, err := s.Get(identityName)
	if errors.Is(err, fs.ErrNotExist) {
		return openscreen.NewIdentity()
	}
	if err != nil {
		return nil, err
	}
	return openscreen.ParseIdentity(state)
}

// newAgent starts the agent. A port that another program has is given up for
// any other.
func newAgent(o Options, b *book, s *Service) (*openscreen.Agent, error) {
	id, err := identity(o.Store)
	if err != nil {
		return nil, err
	}
	options := openscreen.Options{
		DisplayName: o.Name, Model: "Kith", Identity: id,
		SaveIdentity: func(state []byte) error { return o.Store.Put(identityName, state) },
		Listen:       o.Listen, Interfaces: o.Interfaces, Ease: ease, Known: b.known, Prompter: s, Refused: s.refused,
		Limits: openscreen.Limits{Idle: o.Idle}, Log: o.Log,
	}
	agent, err := openscreen.New(options)
	if err != nil && o.Listen.Port() != 0 && fault.KindOf(err) != fault.Invalid {
		options.Listen = netip.AddrPortFrom(o.Listen.Addr(), 0)
		agent, err = openscreen.New(options)
	}
	return agent, err
}

// ease is how easy it is to type a code here. All are alike, so that the device
// that was connected to shows the code: who sends, types.
const ease = 50
