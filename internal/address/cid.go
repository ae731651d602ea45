package address

import (
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multibase"
	"github.com/multiformats/go-multihash"
)

// maxCID is the longest CID that is read, in any base. The decoders of some
// bases take time quadratic in the length.
const maxCID = 512

// parseCID reads a CID of any version and base. Where the base does not tell
// capitals apart, neither does parseCID.
func parseCID(s string) (c cid.Cid, ok bool) {
	if len(s) < 2 || len(s) > maxCID {
		return cid.Undef, false
	}
	c, err := cid.Decode(s)
	if err != nil && strings.ContainsRune("bBkKfFvVtTcChH", rune(s[0])) {
		c, err = cid.Decode(lower(s))
	}
	return c, err == nil && len(c.Hash()) > 0
}

// parsePeerKey reads an IPNS key: a CID with the codec libp2p-key (or dag-pb,
// which old programs wrote), or a bare multihash in base58, the way peer
// identifiers are written (12D3Koo…, Qm…).
func parsePeerKey(s string) (a Address, ok bool) {
	if c, ok := parseCID(s); ok {
		switch c.Type() {
		case cid.DagProtobuf, cid.Libp2pKey:
			return FromCID(cid.NewCidV1(cid.Libp2pKey, c.Hash())), true
		}
		return Address{}, false
	}
	if len(s) > maxCID || !strings.HasPrefix(s, "1") && !strings.HasPrefix(s, "Qm") {
		return Address{}, false
	}
	hash, err := multihash.FromB58String(s)
	if err != nil {
		return Address{}, false
	}
	return FromCID(cid.NewCidV1(cid.Libp2pKey, hash)), true
}

// lostCapitals reports whether s looks like a base58 CID or peer identifier
// that was lower-cased, as browsers do with the host of a URL.
func lostCapitals(s string) bool {
	return len(s) == 46 && strings.HasPrefix(s, "qm") ||
		len(s) == 52 && strings.HasPrefix(s, "12d3koo") || len(s) > 40 && strings.HasPrefix(s, "zdj")
}

// base36 writes a CID without a hyphen or capital.
func base36(c cid.Cid) string {
	s, err := c.StringOfBase(multibase.Base36)
	if err != nil {
		return c.String()
	}
	return s
}
