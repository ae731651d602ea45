package node

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/postgres"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
)

// Names of what a relay keeps of mailboxes, in its home and below relayMailboxName.
const (
	relayMailboxName = "relay.mailbox"
	relayQueuesName  = "queues.db"
	relayChunksName  = "chunks"
)

// engineSQLite is the engine that needs nothing installed.
const engineSQLite = "sqlite"

// RelayMailboxConfig is the table [relay.mailbox].
type RelayMailboxConfig struct {
	Enabled   bool     `toml:"enabled" doc:"Whether the relay keeps mailboxes."`
	Engine    string   `toml:"engine" doc:"Where messages are kept: sqlite (a file in the home), or a postgres:// URL of a database, which several relays may share."`
	Token     string   `toml:"token" doc:"What people have to show to make queues, at most 256 characters. Empty: anybody may, within create_rate."`
	Messages  int      `toml:"messages" doc:"Most messages that wait in one queue."`
	Octets    Size     `toml:"octets" doc:"Most bytes that wait in one queue."`
	Size      Size     `toml:"size" doc:"Most bytes of the file of all queues (sqlite alone); 0 for as many as the disk has."`
	Chunks    Size     `toml:"chunks" doc:"Most bytes of larger pieces that are kept for two days; 0 for none."`
	Disk      int      `toml:"disk" doc:"How full the disk may be, in percent, before nothing more is taken."`
	PutRate   int      `toml:"put_rate" doc:"Most messages an hour into one queue, in the long run; 60 at once may always come."`
	NewRate   int      `toml:"create_rate" doc:"Most queues an hour that one address may make, in the long run."`
	NewBurst  int      `toml:"create_burst" doc:"Most queues that one address may make at once, as somebody does who sets up a new device."`
	Sessions  int      `toml:"sessions" doc:"Most sessions that one address may hold open."`
	Lease     Duration `toml:"lease" doc:"How long a device may take over a message before another is offered it."`
	Forward   bool     `toml:"forward" doc:"Hand messages on to other relays for people who do not want to show those their address."`
	ForwardTo List     `toml:"forward_to" doc:"Relays that are forwarded to besides public ones of https, as http(s)://host:port."`
	Push      string   `toml:"push" doc:"A mailto: or https: address of yours, for the services that wake browsers and phones. Empty: nobody is woken."`
	Private   bool     `toml:"private" doc:"Let forwarding and waking reach private addresses too. Only for networks where everybody who may use the relay may reach them anyway."`
}

func defaultRelayMailbox() RelayMailboxConfig {
	return RelayMailboxConfig{
		Enabled: true, Engine: engineSQLite, Messages: 128, Octets: 2 << 20, Chunks: 4 << 30, Disk: 90,
		PutRate: 3600, NewRate: 360, NewBurst: 600, Sessions: 64, Lease: Duration(30 * time.Second),
	}
}

func (c *Config) checkRelayMailbox() error {
	m := c.Relay.Mailbox
	for key, n := range map[string]int{
		"messages": m.Messages, "put_rate": m.PutRate, "create_rate": m.NewRate, "create_burst": m.NewBurst, "sessions": m.Sessions,
	} {
		if n <= 0 {
			return bad("relay.mailbox."+key, strconv.Itoa(n), "a number above 0")
		}
	}
	switch {
	case m.Engine != engineSQLite && !isPostgres(m.Engine):
		return bad("relay.mailbox.engine", m.Engine, "sqlite or a postgres:// URL")
	case m.Octets < 65536:
		return bad("relay.mailbox.octets", strconv.FormatInt(int64(m.Octets), 10), "a size of at least 64KiB, which one message may have")
	case m.Disk < 1 || m.Disk > 100:
		return bad("relay.mailbox.disk", strconv.Itoa(m.Disk), "a percentage from 1 to 100")
	case m.Lease < Duration(time.Second) || m.Lease > Duration(time.Hour):
		return bad("relay.mailbox.lease", time.Duration(m.Lease).String(), "a time from 1s to 1h")
	case len(m.Token) > 256:
		return bad("relay.mailbox.token", "of "+strconv.Itoa(len(m.Token))+" characters", "one of at most 256")
	case m.Push != "" && !strings.HasPrefix(m.Push, "mailto:") && !strings.HasPrefix(m.Push, "https://"):
		return bad("relay.mailbox.push", m.Push, "a mailto: or https: address")
	}
	for _, to := range m.ForwardTo {
		if u, err := url.Parse(to); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != to {
			return bad("relay.mailbox.forward_to", to, "an origin, such as https://relay.example")
		}
	}
	return nil
}

func isPostgres(engine string) bool {
	return strings.HasPrefix(engine, "postgres://") || strings.HasPrefix(engine, "postgresql://")
}

// newMailbox opens a relay's mailboxes in home. Run of what it returns closes
// them; close does, when it never comes to that.
func newMailbox(home string, r RelayConfig, secret []byte, trusted []netip.Prefix, reuse bool, log *slog.Logger) (p *mailbox.Part, closing func() error, err error) {
	c, dir := r.Mailbox, filepath.Join(home, relayMailboxName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the mailboxes' folder: %w", err)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "kith relay v1 mailbox", 32)
	if err != nil {
		return nil, nil, fmt.Errorf("derive a secret: %w", err)
	}
	o := mailbox.Options{
		Limits: queue.Limits{Messages: c.Messages, Octets: int64(c.Octets)}, ChunkOctets: int64(c.Chunks),
		Disk: dir, MaxDisk: float64(c.Disk) / 100, Secret: key, Token: c.Token, Lease: time.Duration(c.Lease),
		MaxSessionsPerAddress: c.Sessions, Trusted: trusted,
		Requests: guard.Limit{PerSecond: float64(r.Rate), Burst: 8 * r.Rate},
		Proofs:   guard.Limit{PerSecond: 2 * float64(r.Rate), Burst: 4096},
		Creates:  guard.Limit{PerSecond: float64(c.NewRate) / 3600, Burst: c.NewBurst},
		Puts:     guard.Limit{PerSecond: float64(c.PutRate) / 3600, Burst: max(60, c.PutRate/60)},
		Forwards: c.Forward, ForwardTo: c.ForwardTo, Contact: c.Push, Private: c.Private, Log: log,
		Shared: reuse || c.Engine != engineSQLite,
	}
	if c.Chunks > 0 {
		o.Chunks = filepath.Join(dir, relayChunksName)
	}
	if o.Store, err = openQueues(dir, c, reuse, log); err != nil {
		return nil, nil, err
	}
	if p, err = mailbox.New(o); err != nil {
		return nil, nil, errors.Join(err, o.Store.Close())
	}
	return p, o.Store.Close, nil
}

// lockedStore holds the lock on a folder of mailboxes for as long as it is open.
type lockedStore struct {
	queue.Store
	lock *os.File
}

// Close closes the store, then lets others have the folder.
func (s lockedStore) Close() error { return errors.Join(s.Store.Close(), s.lock.Close()) }

// openQueues opens the engine. The folder is taken by one relay, unless it is
// shared with the one that this one follows.
func openQueues(dir string, c RelayMailboxConfig, reuse bool, log *slog.Logger) (queue.Store, error) {
	if c.Engine != engineSQLite {
		return openPostgres(c, log)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the mailboxes' lock: %w", err)
	}
	err = lockFile(lock)
	alone := err == nil
	if err != nil && (!errors.Is(err, errLocked) || !reuse) {
		_ = lock.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("lock the mailboxes: %w", err)
		}
		return nil, fault.New(fault.InUse, "another relay keeps the mailboxes in %s", dir).
			WithHint("stop it, give this one another --home, or start both with --reuse-port to follow it")
	}
	store, err := sqlite.Open(filepath.Join(dir, relayQueuesName), sqlite.Options{
		Limits: queue.Limits{Messages: c.Messages, Octets: int64(c.Octets)}, MaxOctets: int64(c.Size),
		DiskShare: float64(c.Disk) / 100, Log: log,
		Alone: func() bool {
			alone = alone || lockFile(lock) == nil // when the relay that this one follows has ended
			return alone
		},
	})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lockedStore{store, lock}, nil
}

// postgresTime is how long the database may take to answer at the start.
const postgresTime = 30 * time.Second

// openPostgres opens the engine for operators who outgrow a machine.
func openPostgres(c RelayMailboxConfig, log *slog.Logger) (queue.Store, error) {
	ctx, stop := context.WithTimeout(context.Background(), postgresTime)
	defer stop()
	return postgres.Open(ctx, c.Engine, postgres.Options{
		Limits: queue.Limits{Messages: c.Messages, Octets: int64(c.Octets)}, Log: log,
	})
}

// CopyMailboxes copies a relay's mailboxes from the engine that c names to
// another, which is empty or was copied to before, and tells how many. No relay
// may use either meanwhile.
func CopyMailboxes(ctx context.Context, home string, c RelayConfig, engine string, log *slog.Logger) (done queue.Stats, err error) {
	target := Config{Relay: c}
	target.Relay.Mailbox.Engine = engine
	if err := target.checkRelay(); err != nil {
		return done, err
	}
	if engine == c.Mailbox.Engine {
		return done, fault.New(fault.Invalid, "the mailboxes are in that engine already").
			WithHint("name the one to copy to; the one to copy from is relay.mailbox.engine")
	}
	dir := filepath.Join(home, relayMailboxName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return done, fmt.Errorf("make the mailboxes' folder: %w", err)
	}
	from, err := openQueues(dir, c.Mailbox, false, log)
	if err != nil {
		return done, err
	}
	to, err := openQueues(dir, target.Relay.Mailbox, false, log)
	if err != nil {
		return done, errors.Join(err, from.Close())
	}
	done, err = queue.Copy(ctx, from, to)
	return done, errors.Join(err, from.Close(), to.Close())
}
