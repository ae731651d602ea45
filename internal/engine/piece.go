package engine

import "context"

// IndexKind says what an Index is made of, and so how a browser verifies it.
type IndexKind string

// The kinds of Index.
const (
	// IndexTorrent is a bencoded info dictionary (BEP 3). Its SHA-1 is the
	// infohash; a piece is a piece of the torrent.
	IndexTorrent IndexKind = "torrent"
	// IndexIPFS is a CARv1 whose one root is the site's CID. It holds, each once
	// and in depth-first order, every block that is a directory, a shard of one,
	// or has links; all other blocks are pieces, in the order in which a
	// depth-first walk first meets their CIDs.
	IndexIPFS IndexKind = "ipfs"
	// IndexFront is a signed manifest of a website (spec/front.md).
	IndexFront IndexKind = "front"
)

// Index is what a visitor needs to verify every piece of a site, and to tell
// which pieces a file is made of.
type Index struct {
	Kind IndexKind
	// Swarm is the info_hash under which peers of this index meet: the infohash
	// of a torrent, and the first 20 octets of SHA-256("kith ipfs swarm 1\x00" ||
	// the CID's octets), or of SHA-256("kith front swarm 1\x00" || Data).
	Swarm [20]byte
	// Data is the index as it goes to browsers. It must not be changed.
	Data []byte
	// Pieces is how many pieces there are; Bytes is the size of them all.
	Pieces int
	Bytes  int64
}

// Piecer is implemented by sites whose content can be handed out in pieces that
// somebody who holds the Index verifies one by one.
type Piecer interface {
	// Index returns the site's index, waiting for it until ctx ends.
	Index(ctx context.Context) (Index, error)

	// Piece returns piece i whole and verified, fetching it from peers when it
	// is not on disk. fault.NotFound when there is no such piece.
	Piece(ctx context.Context, i int) ([]byte, error)

	// HasPiece reports whether piece i is on disk.
	HasPiece(i int) bool
}
