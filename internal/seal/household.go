package seal

import (
	"bytes"
	"crypto/hpke"

	"github.com/kith-web/kith/internal/fault"
)

const householdInfo = "kith household 1"

// SealHousehold seals a household secret to a device's X-Wing key (spec §2).
func SealHousehold(public, secret []byte) ([]byte, error) {
	if len(secret) != secretSize {
		return nil, fault.New(fault.Invalid, "household secret of %d octets", len(secret))
	}
	key, err := xwing().NewPublicKey(public)
	if err != nil {
		return nil, fault.New(fault.Invalid, "device key of %d octets: %w", len(public), err)
	}
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(householdInfo), secret)
	if err != nil {
		return nil, fault.New(fault.Internal, "seal the household secret: %w", err)
	}
	return sealed, nil
}

// OpenHousehold opens what SealHousehold sealed to this device.
func OpenHousehold(private Secret, sealed []byte) ([]byte, error) {
	if len(sealed) != EncSize+secretSize+tagSize {
		return nil, fault.New(fault.Invalid, "sealed household secret of %d octets", len(sealed))
	}
	key, err := xwing().NewPrivateKey(private)
	if err != nil {
		return nil, fault.New(fault.Invalid, "device key of %d octets: %w", len(private), err)
	}
	secret, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(householdInfo), sealed)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the household secret is not sealed to this device: %w", err)
	}
	return secret, nil
}

// OwnRoot derives the root secret of the relation of two own devices (spec §2).
func OwnRoot(household []byte, a, b DeviceID) []byte {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return expand(household, "kith own 1"+string(a[:])+string(b[:]), secretSize)
}

// OwnSide is one device's part in the relation of two own devices.
type OwnSide struct {
	Device  DeviceID
	Private Secret    // of the device's X-Wing key; nil for the other device
	Public  []byte    // of the same
	Queues  []Mailbox // the device's inboxes
}

// OwnRelation returns the relation of two devices of one person. A device's
// X-Wing key is its notice key and its first epoch; what followed that epoch, the
// caller puts in.
func OwnRelation(household []byte, me, other OwnSide) (Relation, error) {
	side, err := SideOf(me.Device[:], other.Device[:])
	if err != nil {
		return Relation{}, err
	}
	root := OwnRoot(household, me.Device, other.Device)
	return Relation{
		ID: RelationOf(root), Kind: OwnDevice, Side: side, Root: root,
		Notice: me.Private, PeerNotice: other.Public,
		Epochs:    []Epoch{{ID: EpochOf(me.Public), Private: me.Private}},
		PeerEpoch: PeerEpoch{ID: EpochOf(other.Public), Public: other.Public},
		In:        me.Queues, Out: other.Queues,
	}, nil
}
