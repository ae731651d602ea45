package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
	"github.com/kith-web/kith/internal/relay/turn"
)

// Names of what a relay keeps in its home. A node may live in the same home.
const (
	relaySecretName = "relay.secret"
	relaySwarmsName = "relay.swarms"
)

// relaySecretSize is the octets of a relay's secret.
const relaySecretSize = 32

// NewRelay opens the sockets of a relay as c says. The secret that its
// credentials are made from is kept in home. With reuse set, its ports may be
// those of a relay that is about to end.
func NewRelay(home string, c RelayConfig, reuse bool, log *slog.Logger) (*relay.Server, error) {
	all := Config{Relay: c}
	if err := all.checkRelay(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the home: %w", err)
	}
	secret, err := relaySecret(filepath.Join(home, relaySecretName))
	if err != nil {
		return nil, err
	}
	o := relay.Options{
		Listen: c.Listen, UDP: c.UDP, TURN: c.TURN, TURNTLS: c.TURNTLS, Metrics: c.Metrics, ReusePort: reuse, Secret: secret, Log: log,
		Relay: turn.Options{
			Rate: int(c.TURNRate), TotalRate: int(c.TURNTotal), MaxAllocations: c.TURNMost, MaxPerAddress: c.TURNEach,
		},
		MaxConnsPerAddress: c.Connections,
		Tracker: tracker.Options{
			Rate: guard.Limit{PerSecond: float64(c.Rate), Burst: 20 * c.Rate}, MaxSocketsPerAddress: c.Connections,
		},
	}
	for _, t := range c.Trusted {
		p, err := prefix(t)
		if err != nil {
			return nil, bad("relay.trusted", t, "an IP address or a prefix")
		}
		o.Trusted = append(o.Trusted, p)
	}
	if c.TURNAddress != "" {
		if o.Relay.PublicIP, err = netip.ParseAddr(c.TURNAddress); err != nil {
			return nil, bad("relay.turn_address", c.TURNAddress, "an IP address")
		}
	}
	if c.Remember {
		o.State = filepath.Join(home, relaySwarmsName)
	}
	if c.Certificate != "" {
		pair, err := newCertificate(c.Certificate, c.Key, log)
		if err != nil {
			return nil, err
		}
		o.TLS = pair.config()
	}
	return withMailbox(home, c, o, reuse)
}

// withMailbox opens the relay, with mailboxes if it has such.
func withMailbox(home string, c RelayConfig, o relay.Options, reuse bool) (*relay.Server, error) {
	if !c.Mailbox.Enabled {
		return relay.New(o)
	}
	part, closing, err := newMailbox(home, c, o.Secret, o.Trusted, reuse, o.Log)
	if err != nil {
		return nil, err
	}
	id := part.ID()
	o.Log.Info("mailboxes are kept", "id", wire.Encode(id[:]))
	o.Parts = append(o.Parts, part)
	s, err := relay.New(o)
	if err != nil {
		return nil, errors.Join(err, closing())
	}
	return s, nil
}

// relaySecret reads the secret, or makes one that its owner alone can read.
func relaySecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	switch {
	case err == nil && len(secret) == relaySecretSize:
		return secret, nil
	case err == nil:
		return nil, fault.New(fault.Corrupt, "%s is not the secret of a relay", path).
			WithHint("remove the file; what the relay gave out before is then no longer good")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the relay's secret: %w", err)
	}
	secret = make([]byte, relaySecretSize)
	rand.Read(secret)
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		return nil, fmt.Errorf("keep the relay's secret: %w", err)
	}
	return secret, nil
}
