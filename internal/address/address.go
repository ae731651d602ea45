package address

import (
	"github.com/ipfs/go-cid"
)

// Kind says what an address names.
type Kind uint8

// The kinds of address.
const (
	IPFS    Kind = iota + 1 // an immutable DAG, by CID
	IPNS                    // a mutable name, by libp2p key
	Torrent                 // an immutable torrent, by infohash (BEP 3, BEP 52)
	Mutable                 // a mutable torrent, by Ed25519 key and salt (BEP 46)
	Name                    // a DNS name: DNSLink, wtpkey or both
	Index                   // a .torrent file or URL, to be read first
	Device                  // a paired device nearby
)

// Network names a peer-to-peer network.
type Network string

// The networks.
const (
	NetworkNone       Network = "" // a name, before it is resolved
	NetworkIPFS       Network = "ipfs"
	NetworkBitTorrent Network = "bittorrent"
)

// MaxSalt is the longest BEP 46 salt, in octets, that fits into a label
// together with its key.
const MaxSalt = 5

// Address is a parsed address. Two addresses name the same site exactly when
// their Key is the same, which is when their ID is. The zero Address is not
// valid.
type Address struct {
	id ID
	// v2 is the second infohash of a hybrid torrent known by its first.
	v2 [32]byte

	// Path is the path inside the site, unescaped, with a leading slash, or "".
	Path string
	// Query and Fragment are as in a URL, without their mark.
	Query    string
	Fragment string
	// Hints help to find the site and are no part of its identity.
	Hints Hints
}

// Hints are what an address says about where to find the site.
type Hints struct {
	// DisplayName is the dn of a magnet link.
	DisplayName string
	// Trackers are tr, WebSeeds ws, ExactSources xs (URLs of a .torrent file)
	// and Peers x.pe (host:port) of a magnet link.
	Trackers     []string
	WebSeeds     []string
	ExactSources []string
	Peers        []string
	// Prefer is the network a name was asked for in (wtp://name, ipns://name).
	Prefer Network
}

// ID is the identity of a site in a comparable form, to be the key of a map on
// a path where building Key would cost too much. It has no other use.
type ID struct {
	kind Kind
	cid  cid.Cid  // IPFS and IPNS; always version 1
	v1   [20]byte // Torrent; zero when only v2 is known
	v2   [32]byte // Torrent; zero when v1 is known
	key  [32]byte // Mutable
	text string   // Name and Device: the name; Index: the location; Mutable: the salt
}

// ID returns the identity of the site.
func (a Address) ID() ID { return a.id }
