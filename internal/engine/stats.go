package engine

import (
	"cmp"
	"slices"
	"time"
)

// PeerKind names the way a peer is reached.
type PeerKind string

// The kinds of peers that engines report.
const (
	PeerTCP          PeerKind = "tcp"
	PeerUTP          PeerKind = "utp"
	PeerWebRTC       PeerKind = "webrtc"
	PeerWebTransport PeerKind = "webtransport"
	PeerBitswap      PeerKind = "bitswap"
	PeerHTTP         PeerKind = "http" // a web seed or an HTTP gateway
)

// Peer is somebody who serves a site to us, or takes it from us.
type Peer struct {
	// ID is the network's identifier of the peer, or its address when it has
	// none.
	ID string `json:"id"`
	// Addr is host:port, a URL or a multiaddr.
	Addr string   `json:"addr,omitempty"`
	Kind PeerKind `json:"kind"`
	// Client is what the peer says of itself. Hostile input: escape it.
	Client string `json:"client,omitempty"`
	// Downloaded counts verified bytes of content taken from the peer.
	Downloaded int64 `json:"downloaded"`
	// Uploaded counts bytes of content sent to the peer.
	Uploaded int64 `json:"uploaded"`
	// Progress is the share of the site the peer says it has, 0 to 1; -1 when
	// the network does not say.
	Progress float64 `json:"progress"`
}

// Stats is how things stand with one site, at one moment.
type Stats struct {
	// Waiting says, in words a person reads, what the engine is waiting for:
	// "looking for peers", "the list of files"; "" when for nothing.
	Waiting string `json:"waiting,omitempty"`
	// Total is the size of the site's content in bytes; 0 while unknown.
	Total int64 `json:"total"`
	// Stored is how much of it is on disk and verified.
	Stored int64 `json:"stored"`
	// Disk is what the site takes on disk in bytes, published folders (which
	// are read in place) not counted.
	Disk int64 `json:"disk"`
	// Downloaded and Uploaded count content bytes since the engine first saw
	// the site, over restarts.
	Downloaded int64 `json:"downloaded"`
	Uploaded   int64 `json:"uploaded"`
	// DownRate and UpRate are bytes a second over the last few seconds.
	DownRate int64 `json:"downRate"`
	UpRate   int64 `json:"upRate"`
	// Pieces counts the units the network verifies by (pieces, blocks); Have
	// of them are on disk.
	Pieces int `json:"pieces"`
	Have   int `json:"have"`
	// Map is the state of the pieces in at most 512 equal runs, each the share
	// that is on disk, 0 to 9; "" where there is no order to them.
	Map string `json:"map,omitempty"`
	// Files counts regular files; 0 while unknown.
	Files int `json:"files"`
	// Folder is the published folder the site is read from; "" for others.
	Folder string `json:"folder,omitempty"`
	// Peers are those connected now.
	Peers []Peer `json:"peers"`
	// Left are those that served or took something since the site was opened and
	// are no longer connected, as MostFirst orders them.
	Left []Peer `json:"left,omitempty"`
	// Known counts peers heard of, connected or not.
	Known int `json:"known"`
}

// MaxLeft is the most peers of Stats.Left.
const MaxLeft = 64

// MostFirst orders peers by the bytes that went to and fro, and leaves out those
// without any and all after the first MaxLeft.
func MostFirst(peers []Peer) []Peer {
	peers = slices.DeleteFunc(peers, func(p Peer) bool { return p.Downloaded+p.Uploaded == 0 })
	slices.SortFunc(peers, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(b.Downloaded+b.Uploaded, a.Downloaded+a.Uploaded), cmp.Compare(a.ID, b.ID))
	})
	return peers[:min(len(peers), MaxLeft)]
}

// Status is how an engine as a whole is doing.
type Status struct {
	// Listen are the addresses peers reach this engine at, as bound.
	Listen []string `json:"listen"`
	// PeerID is this node's identifier on the network.
	PeerID string `json:"peerId,omitempty"`
	// Peers counts connections, DHTNodes the routing table; -1 when the DHT is
	// off.
	Peers    int `json:"peers"`
	DHTNodes int `json:"dhtNodes"`
	// Reachable says whether a peer was seen to connect to us: "yes", "no" or
	// "unknown".
	Reachable string `json:"reachable"`
	// Services lists outside services in use (trackers, routers, gateways)
	// with how the last contact went.
	Services []Service `json:"services"`
}

// Service is one outside service.
type Service struct {
	URL string `json:"url"`
	// Last is when it was last contacted; zero when never.
	Last time.Time `json:"last,omitzero"`
	// Error is what went wrong then; "" when it went well.
	Error string `json:"error,omitempty"`
}
