package seal

import "bytes"

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
