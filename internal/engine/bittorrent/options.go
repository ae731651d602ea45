package bittorrent

import (
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/engine/bittorrent/signal"
)

// Bucket is the part of the node's store that the engine needs: indexes of
// torrents, where folders are, counters, names. A *store.Bucket is one.
type Bucket interface {
	// Get returns fs.ErrNotExist (wrapped) for a key that is not there.
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	Apply(puts map[string][]byte, deletes []string) error
	Each(prefix string, f func(key string, value []byte) error) error
}

// Endpoint is a WebTransport server that speaks the peer protocol.
type Endpoint = signal.Endpoint

// Options of an Engine. The zero value of a field is its default; with only Dir
// and Store set, the engine reaches out to nobody and is found by nobody who is
// not told where it listens.
type Options struct {
	// Dir is the folder for downloaded pieces; it is made when it does not exist.
	Dir string
	// Store remembers everything small.
	Store Bucket
	// Log gets what the engine has to say; nil discards it.
	Log *slog.Logger

	// Listen is where peers connect over TCP and uTP, host:port. An empty host
	// is every address of this computer; when the port is taken, another is
	// used. "" is "127.0.0.1:0".
	Listen string
	// Trackers are announced to for every torrent that is not private, besides
	// its own: udp://, http(s)://, ws(s)://.
	Trackers []string
	// DHT takes part in the distributed hash table, entering by Bootstrap
	// (host:port each).
	DHT       bool
	Bootstrap []string
	// WebRTC exchanges with peers in browsers, by way of ws(s):// trackers. STUN
	// servers (stun:host:port) tell the public address; without any, peers of
	// this computer and network connect.
	WebRTC bool
	STUN   []string

	// Endpoints are where this node accepts browsers over WebTransport, which are
	// told by way of ws(s):// trackers; what they open is given to Engine.Take.
	// nil: nowhere.
	Endpoints func() []Endpoint

	// These turn off what is on by default.
	NoTCP, NoUTP, NoIPv6, NoPEX, NoWebSeeds bool
	// MapPort asks the router (UPnP) to let peers in.
	MapPort bool
	// AllowLocal lets what an address or torrent brings along (its own trackers,
	// web seeds and exact sources) be on loopback and private addresses.
	// Options.Trackers and peers always may.
	AllowLocal bool

	// UploadRate and DownloadRate limit bytes a second; 0 is no limit.
	UploadRate, DownloadRate int64
	// MaxPeers limits the connections of one site; 0 is DefaultMaxPeers.
	MaxPeers int
	// Limits on the torrents that are opened; zero fields are their defaults.
	Limits metafile.Limits
	// ReadAhead is how far the engine fetches ahead of a reader that goes on
	// reading, at most; 0 is DefaultReadAhead.
	ReadAhead int64
	// AnnounceEvery is how often WebSocket trackers are told of a site when they
	// do not ask for less; 0 is DefaultAnnounceEvery.
	AnnounceEvery time.Duration
	// PutNamesEvery is how often names are put into the DHT again; 0 is
	// DefaultPutNamesEvery.
	PutNamesEvery time.Duration
}

// The defaults of Options.
const (
	DefaultMaxPeers      = 50
	DefaultReadAhead     = 32 << 20
	DefaultAnnounceEvery = 2 * time.Minute
	DefaultPutNamesEvery = time.Hour
)

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.MaxPeers == 0 {
		o.MaxPeers = DefaultMaxPeers
	}
	if o.ReadAhead == 0 {
		o.ReadAhead = DefaultReadAhead
	}
	if o.AnnounceEvery == 0 {
		o.AnnounceEvery = DefaultAnnounceEvery
	}
	if o.PutNamesEvery == 0 {
		o.PutNamesEvery = DefaultPutNamesEvery
	}
	o.Limits = o.Limits.WithDefaults()
	return o
}
