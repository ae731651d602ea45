package swarm

import (
	"crypto/rand"
	"log/slog"
	"time"
)

// The defaults of Options.
const (
	DefaultMaxPeers      = 512
	DefaultMaxSwarmPeers = 64
	DefaultSlots         = 16
	DefaultRotate        = 10 * time.Second
	DefaultMaxRequests   = 512
	DefaultCache         = 32 << 20
	DefaultHandshakeTime = 10 * time.Second
	DefaultIdleTime      = 150 * time.Second
	DefaultKeepAlive     = time.Minute
	DefaultLookEvery     = 2 * time.Second
	DefaultPieceTime     = 20 * time.Second
)

// maxBlock is the longest block that is given; all programs ask for 16 KiB, some
// for more.
const maxBlock = 128 << 10

// Options of a Server. The zero value of a field is its default.
type Options struct {
	// PeerID is what this node is called in handshakes; the default is random.
	PeerID [20]byte
	// Client is what it calls its program: "Kith".
	Client string
	// Log gets what happens; nil discards it.
	Log *slog.Logger

	// MaxPeers bounds all connections, MaxSwarmPeers those of one swarm.
	MaxPeers      int
	MaxSwarmPeers int
	// Slots is how many peers of a swarm are served at once. While others wait,
	// one gives up its place every Rotate.
	Slots  int
	Rotate time.Duration
	// UploadRate limits the bytes a second to all peers; 0 is no limit.
	UploadRate int64
	// MaxRequests is how many blocks a peer may have asked for at a time.
	MaxRequests int
	// Cache is how many bytes of pieces are held in memory.
	Cache int64
	// HandshakeTime is how long a peer may take for the handshake, IdleTime how
	// long it may say nothing later. KeepAlive is how often it is told that this
	// node is there.
	HandshakeTime time.Duration
	IdleTime      time.Duration
	KeepAlive     time.Duration
	// LookEvery is how often peers are told of pieces that came.
	LookEvery time.Duration
	// PieceTime is how long reading a piece may take.
	PieceTime time.Duration
}

func (o Options) withDefaults() Options {
	if o.PeerID == [20]byte{} {
		copy(o.PeerID[:], "-KI0001-"+rand.Text())
	}
	if o.Client == "" {
		o.Client = "Kith"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	orDefault(&o.MaxPeers, DefaultMaxPeers)
	orDefault(&o.MaxSwarmPeers, DefaultMaxSwarmPeers)
	orDefault(&o.Slots, DefaultSlots)
	orDefault(&o.Rotate, DefaultRotate)
	orDefault(&o.MaxRequests, DefaultMaxRequests)
	orDefault(&o.Cache, DefaultCache)
	orDefault(&o.HandshakeTime, DefaultHandshakeTime)
	orDefault(&o.IdleTime, DefaultIdleTime)
	orDefault(&o.KeepAlive, DefaultKeepAlive)
	orDefault(&o.LookEvery, DefaultLookEvery)
	orDefault(&o.PieceTime, DefaultPieceTime)
	return o
}

func orDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}
