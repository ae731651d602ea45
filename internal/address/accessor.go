package address

import "github.com/ipfs/go-cid"

// Kind says what the address names; 0 for the zero Address.
func (a Address) Kind() Kind { return a.id.kind }

// Valid reports whether a came from one of the constructors of this package.
func (a Address) Valid() bool { return a.id.kind != 0 }

// Network is the network the address belongs to; NetworkNone for a DNS name or
// a device, which belong to none in particular.
func (a Address) Network() Network {
	switch a.id.kind {
	case IPFS, IPNS:
		return NetworkIPFS
	case Torrent, Mutable, Index:
		return NetworkBitTorrent
	case Name, Device:
	}
	return NetworkNone
}

// Immutable reports whether what the address names can never change.
func (a Address) Immutable() bool { return a.id.kind == IPFS || a.id.kind == Torrent }

// CID is the CID (version 1) of an IPFS address, or of an IPNS address's key;
// cid.Undef for others.
func (a Address) CID() cid.Cid { return a.id.cid }

// InfoHash is the v1 infohash of a torrent; ok is false where it is not known.
func (a Address) InfoHash() (h [20]byte, ok bool) { return a.id.v1, a.id.v1 != [20]byte{} }

// InfoHashV2 is the v2 infohash (BEP 52) of a torrent; ok is false where it is
// not known.
func (a Address) InfoHashV2() (h [32]byte, ok bool) {
	if a.id.v2 != [32]byte{} {
		return a.id.v2, true
	}
	return a.v2, a.v2 != [32]byte{}
}

// PublicKey is the Ed25519 key and salt of a mutable torrent (BEP 46); zero for
// others.
func (a Address) PublicKey() (key [32]byte, salt string) {
	if a.id.kind != Mutable {
		return key, ""
	}
	return a.id.key, a.id.text
}

// DNSName is the DNS name in its ASCII form, lower case without a final dot;
// "" for others.
func (a Address) DNSName() string { return a.textOf(Name) }

// DeviceID is the identifier of a device nearby; "" for others.
func (a Address) DeviceID() string { return a.textOf(Device) }

// Location is the path or URL of a .torrent file; "" for others.
func (a Address) Location() string { return a.textOf(Index) }

func (a Address) textOf(k Kind) string {
	if a.id.kind != k {
		return ""
	}
	return a.id.text
}
