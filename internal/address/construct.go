package address

import (
	"github.com/ipfs/go-cid"
)

// FromCID returns the address of c: an IPNS address when its codec is
// libp2p-key, else an IPFS address. CIDv0 becomes the CIDv1 of the same DAG.
// The result is not valid when c is cid.Undef.
func FromCID(c cid.Cid) Address {
	switch {
	case !c.Defined():
		return Address{}
	case c.Version() == 0:
		c = cid.NewCidV1(cid.DagProtobuf, c.Hash())
	}
	kind := IPFS
	if c.Type() == cid.Libp2pKey {
		kind = IPNS
	}
	return Address{id: ID{kind: kind, cid: c}}
}

// FromInfoHash returns the address of a torrent by its v1 infohash (BEP 3).
func FromInfoHash(v1 [20]byte) Address {
	if v1 == [20]byte{} {
		return Address{}
	}
	return Address{id: ID{kind: Torrent, v1: v1}}
}

// FromInfoHashV2 returns the address of a torrent by its v2 infohash (BEP 52).
func FromInfoHashV2(v2 [32]byte) Address {
	if v2 == [32]byte{} {
		return Address{}
	}
	return Address{id: ID{kind: Torrent, v2: v2}}
}

// FromHybrid returns the address of a torrent that has both infohashes. It is
// known by the first, as its peers are; the second is kept for magnet links.
func FromHybrid(v1 [20]byte, v2 [32]byte) Address {
	a := FromInfoHash(v1)
	if !a.Valid() {
		return FromInfoHashV2(v2)
	}
	a.v2 = v2
	return a
}

// FromPublicKey returns the address of a mutable torrent (BEP 46).
func FromPublicKey(key [32]byte, salt string) (Address, error) {
	if len(salt) > MaxSalt {
		return Address{}, invalid("the salt of a mutable torrent has %d octets", len(salt)).
			WithHint("use a salt of at most %d octets; key and salt together are one host name", MaxSalt)
	}
	if key == [32]byte{} {
		return Address{}, invalid("the key of a mutable torrent is all zero")
	}
	return Address{id: ID{kind: Mutable, key: key, text: salt}}, nil
}

// FromDevice returns the address of a device nearby. Its id begins with a digit
// and goes on with letters and digits; capitals do not matter.
func FromDevice(id string) (Address, error) {
	id = lower(id)
	const longest = maxLabel - len(labelDevice)
	if !isDeviceID(id) || len(id) > longest {
		return Address{}, invalid("device %s is not a digit followed by at most %d letters and digits", quote(id), longest-1)
	}
	return Address{id: ID{kind: Device, text: id}}, nil
}

func isDeviceID(id string) bool {
	return id != "" && isDigit(id[0]) && all(id, func(c byte) bool { return isDigit(c) || isLower(c) })
}
