package ipfs

import (
	"context"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Bucket keeps what the engine remembers besides blocks: its peer key, IPNS
// records, totals. Get of an absent key fails with fs.ErrNotExist.
type Bucket interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	Each(prefix string, f func(key string, value []byte) error) error
}

// Resolver looks up DNSLink names (https://dnslink.dev) for the gateway.
type Resolver interface {
	// ResolveDNSLink returns the content path (/ipfs/… or /ipns/…) that name
	// points at, one step only, and for how long that holds. The error is
	// fs.ErrNotExist (wrapped) when the name has no DNSLink.
	ResolveDNSLink(ctx context.Context, name string) (path string, ttl time.Duration, err error)
}

// Options configure an Engine. Dir and Store are required; every limit that is
// zero gets the default named beside it.
type Options struct {
	// Dir is the folder that holds the blocks.
	Dir string
	// Store keeps the peer key, IPNS records and totals.
	Store Bucket
	// Log receives what the engine has to say; nil drops it.
	Log *slog.Logger

	// Listen are the multiaddrs to listen at. Empty: none, the engine only
	// dials.
	Listen []string
	// Bootstrap are multiaddrs (with /p2p/) of peers to enter the DHT by.
	Bootstrap []string
	// Peers are multiaddrs (with /p2p/) to stay connected to.
	Peers []string
	// DHT joins the DHT, as a server when the node turns out to be reachable.
	DHT bool
	// DHTServer makes it a server at once: for tests and known public nodes.
	DHTServer bool
	// Routers are base URLs of delegated routing servers (IPIP-337).
	Routers []string
	// Gateways are base URLs of trustless HTTP gateways to take blocks and IPNS
	// records from.
	Gateways []string
	// Reach asks NATs for an open port, relays for a way in, and peers whether
	// they can reach this node.
	Reach bool
	// LocalDiscovery looks for peers in the local network by mDNS.
	LocalDiscovery bool

	// Resolver answers DNSLink look-ups of the gateway; nil: no DNSLink.
	Resolver Resolver
	// SubdomainHosts are host names (without port) that are subdomain gateways;
	// nil means localhost. PathHosts are path gateways whose pages get no
	// scripts (Content-Security-Policy: sandbox); nil means 127.0.0.1 and ::1.
	SubdomainHosts []string
	PathHosts      []string

	// MaxBlock is the largest block taken from anybody: 2 MiB (bitswap's own
	// limit).
	MaxBlock int
	// MaxEntries is how many names a folder may have: 1,000,000.
	MaxEntries int
	// MaxDepth is how many levels a file's DAG or a sharded folder may have,
	// and how many folders deep a path may go: 64.
	MaxDepth int
	// MaxIndex is how many octets the index of a site for visitors may have, the
	// blocks of its folders and of the inner nodes of its files: 32 MiB; and
	// MaxPieces how many other blocks: 1 Mi.
	MaxIndex  int
	MaxPieces int
	// PrefetchBlocks and PrefetchBytes bound what is fetched in the background
	// when a folder becomes known: 4,096 and 64 MiB.
	PrefetchBlocks int
	PrefetchBytes  int64
	// Window is how many bytes are under way at once for a sequential reader
	// or for background fetching: 16 MiB.
	Window int64
	// NodeCache is how many decoded nodes (folders, inner nodes of files) are
	// held in memory: 1,024, of at most NodeCacheBytes: 16 MiB.
	NodeCache      int
	NodeCacheBytes int64
	// Patience is how long a peer gets to answer before it is taken not to have
	// a block, and how long nothing may come before everybody is asked again:
	// 10 s.
	Patience time.Duration
	// GatewayCache is how many bytes fetched for the HTTP gateway alone,
	// belonging to no open site, are kept on disk: 1 GiB.
	GatewayCache int64
	// GatewayRequests is how many requests run at once at one HTTP gateway: 16.
	GatewayRequests int
	// GatewayTimeout bounds one request to an HTTP gateway or router: 20 s.
	GatewayTimeout time.Duration
	// LowPeers and HighPeers are the marks of the connection manager: 32 and
	// 96.
	LowPeers, HighPeers int

	// AnnounceEvery is how often open sites and names are announced: 10 h and,
	// for names, NameEvery: 4 h. NameLifetime is how long a record is valid: 7
	// days; NameTTL how long others may keep it: 1 minute.
	AnnounceEvery time.Duration
	NameEvery     time.Duration
	NameLifetime  time.Duration
	NameTTL       time.Duration
}

// withDefaults fills in the limits that are zero and checks what is required.
func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, fault.New(fault.Invalid, "the IPFS engine needs a folder for its blocks")
	}
	if o.Store == nil {
		return o, fault.New(fault.Invalid, "the IPFS engine needs a store")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SubdomainHosts == nil {
		o.SubdomainHosts = []string{"localhost"}
	}
	if o.PathHosts == nil {
		o.PathHosts = []string{"127.0.0.1", "::1"}
	}
	setDefault(&o.MaxBlock, 2<<20)
	setDefault(&o.MaxEntries, 1_000_000)
	setDefault(&o.MaxDepth, 64)
	setDefault(&o.MaxIndex, 32<<20)
	setDefault(&o.MaxPieces, 1<<20)
	setDefault(&o.PrefetchBlocks, 4096)
	setDefault(&o.PrefetchBytes, 64<<20)
	setDefault(&o.Window, 16<<20)
	setDefault(&o.NodeCache, 1024)
	setDefault(&o.NodeCacheBytes, 16<<20)
	setDefault(&o.Patience, 10*time.Second)
	setDefault(&o.GatewayCache, 1<<30)
	setDefault(&o.GatewayRequests, 16)
	setDefault(&o.GatewayTimeout, 20*time.Second)
	setDefault(&o.LowPeers, 32)
	setDefault(&o.HighPeers, 96)
	setDefault(&o.AnnounceEvery, 10*time.Hour)
	setDefault(&o.NameEvery, 4*time.Hour)
	setDefault(&o.NameLifetime, 7*24*time.Hour)
	setDefault(&o.NameTTL, time.Minute)
	return o, nil
}

// setDefault sets *p to d when it is zero or below.
func setDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}
