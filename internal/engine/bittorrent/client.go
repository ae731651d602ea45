package bittorrent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/anacrolix/dht/v2"
	"github.com/anacrolix/torrent"
	"golang.org/x/time/rate"

	"github.com/kith-web/kith/internal/engine/bittorrent/signal"
	"github.com/kith-web/kith/internal/fault"
)

// clientName is what peers are told of this program.
const clientName = "Kith"

// start opens the ports.
func (e *Engine) start() error {
	config, err := e.config()
	if err != nil {
		return err
	}
	e.client, err = torrent.NewClient(config)
	if err != nil && config.ListenPort != 0 {
		e.o.Log.Warn("the port for BitTorrent peers is taken, using another", "listen", e.o.Listen, "error", err)
		config.ListenPort = 0
		e.client, err = torrent.NewClient(config)
	}
	if err != nil {
		return fault.New(fault.InUse, "cannot listen for BitTorrent peers at %q: %w", e.o.Listen, err)
	}
	for _, l := range e.client.Listeners() {
		if d, ok := l.(torrent.Dialer); ok {
			e.client.AddDialer(ipDialer{d})
		}
	}
	if e.o.WebRTC {
		e.hub = signal.New(signal.Options{
			PeerID: e.client.PeerID(), STUN: e.o.STUN, Every: e.o.AnnounceEvery,
			Dial: e.guarded(e.o.Trackers), OnDialable: e.dialable, Endpoints: e.o.Endpoints, Log: e.o.Log,
		})
		e.client.AddDialer(e.hub)
		e.client.AddListener(e.hub)
	}
	if e.o.Endpoints != nil {
		e.inlet = newInlet()
		e.client.AddListener(e.inlet)
	}
	e.names = newNames(e)
	e.wg.Go(e.names.run)
	return nil
}

// config is the wire library's configuration.
func (e *Engine) config() (*torrent.ClientConfig, error) {
	c := torrent.NewDefaultClientConfig()
	if err := e.listenAt(c); err != nil {
		return nil, err
	}
	c.DefaultStorage = refusing{}
	c.Seed = true
	c.DialForPeerConns = false // own dialers, see start
	c.DropDuplicatePeerIds = true
	c.NoDefaultPortForwarding = !e.o.MapPort
	c.DisableTCP, c.DisableUTP = e.o.NoTCP, e.o.NoUTP
	c.DisablePEX, c.DisableWebseeds = e.o.NoPEX, e.o.NoWebSeeds
	c.DisableWebtorrent = true // package signal does it
	c.NoDHT = !e.o.DHT
	c.PeriodicallyAnnounceTorrentsToDht = false // site.announceDHT does it
	c.DhtStartingNodes = func(string) dht.StartingNodesGetter { return e.bootstrap }
	c.ConfigureAnacrolixDhtServer = e.configureDHT
	c.EstablishedConnsPerTorrent = e.o.MaxPeers
	c.HalfOpenConnsPerTorrent = 25
	c.DialRateLimiter = rate.NewLimiter(50, 50)
	c.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{} // plain first: a round trip less
	c.TrackerDialContext = capped(e.guarded(e.o.Trackers))
	c.TrackerListenPacket = trackerSockets(e.o.Log)
	c.HTTPDialContext = e.guarded(e.o.Trackers)
	c.WebTransport = padding{&http.Transport{DialContext: c.HTTPDialContext, MaxConnsPerHost: 10}}
	c.Slogger = slog.New(quiet{e.o.Log.Handler()})
	c.ExtendedHandshakeClientVersion, c.HTTPUserAgent = clientName, clientName
	c.Bep20 = "-KI0001-"
	if e.o.UploadRate > 0 {
		c.UploadRateLimiter = limiter(e.o.UploadRate)
	}
	if e.o.DownloadRate > 0 {
		c.DownloadRateLimiter = limiter(e.o.DownloadRate)
	}
	e.watch(&c.Callbacks)
	return c, nil
}

// limiter lets burst through what one read or chunk may be.
func limiter(perSecond int64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), int(max(perSecond/4, 256<<10)))
}

// listenAt reads Options.Listen.
func (e *Engine) listenAt(c *torrent.ClientConfig) error {
	host, port, err := net.SplitHostPort(e.o.Listen)
	if err != nil {
		return fault.New(fault.Invalid, "cannot listen at %q: %w", e.o.Listen, err).WithHint("use host:port, such as :5485")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fault.New(fault.Invalid, "cannot listen at %q: the port is not a number", e.o.Listen)
	}
	c.ListenPort = int(n)
	c.DisableIPv6 = e.o.NoIPv6
	ip := net.ParseIP(host)
	switch {
	case host == "":
	case host == "localhost":
		c.ListenHost = torrent.LoopbackListenHost
	case ip == nil:
		return fault.New(fault.Invalid, "cannot listen at %q: the host is not an IP address", e.o.Listen)
	default:
		c.ListenHost = func(string) string { return host }
		c.DisableIPv6 = c.DisableIPv6 || ip.To4() != nil
		c.DisableIPv4 = ip.To4() == nil
	}
	return nil
}

// dialable is told of a WebRTC connection that was made on an offer of ours.
func (e *Engine) dialable(hash [20]byte, addr signal.Addr) {
	if t, ok := e.client.Torrent(hash); ok {
		t.AddPeers([]torrent.PeerInfo{{Addr: addr, Source: torrent.PeerSourceTracker}})
	}
}

// ipDialer dials addresses that are an IP address and a port, and nothing else:
// no name is looked up for a peer.
type ipDialer struct{ torrent.Dialer }

// Dial implements torrent.Dialer.
func (d ipDialer) Dial(ctx context.Context, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	host, _, _ = strings.Cut(host, "%")
	if net.ParseIP(host) == nil {
		return nil, errors.New("the peer has no IP address")
	}
	c, err := d.Dialer.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return prompt(c), nil
}

// quiet makes debug messages of the warnings of the wire library, which calls
// the misbehaviour of a peer an error, and drops the rest.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle implements slog.Handler.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
