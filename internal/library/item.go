package library

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Handle names an item: random octets that no friend ever sees.
type Handle [16]byte

// String is the handle in hexadecimal.
func (h Handle) String() string { return hex.EncodeToString(h[:]) }

// Revision orders the versions of an item by a hybrid logical clock:
// time (6, ms since 1970) ‖ counter (2) ‖ device (8), compared as octets.
type Revision [16]byte

// Time is the clock's part of the revision, in ms since 1970.
func (r Revision) Time() int64 {
	return int64(binary.BigEndian.Uint64(append([]byte{0, 0}, r[:6]...)))
}

// Device is who made it.
func (r Revision) Device() (d seal.DeviceID) {
	copy(d[:], r[8:])
	return d
}

// String is the revision in hexadecimal.
func (r Revision) String() string { return hex.EncodeToString(r[:]) }

// less reports whether r is older than o.
func (r Revision) less(o Revision) bool { return string(r[:]) < string(o[:]) }

// Reach is the first part of an audience.
type Reach uint8

// Who may see an item.
const (
	Nobody Reach = 0 // but the person's own devices
	Some   Reach = 1 // the relations and lists that are named
	All    Reach = 2 // all friends; unverified ones only if the person said so
)

// ListHandle names a list of friends.
type ListHandle [16]byte

// Audience is who may see an item. It never leaves the person's devices.
type Audience struct {
	Reach   Reach             `cbor:"1,keyasint"`
	Friends []seal.RelationID `cbor:"2,keyasint,omitempty"`
	Lists   []ListHandle      `cbor:"3,keyasint,omitempty"`
}

// record is an item or, with Until, a tombstone, as own devices tell it one
// another (spec §6.1).
type record struct {
	Handle   Handle        `cbor:"1,keyasint"`
	Revision Revision      `cbor:"2,keyasint"`
	App      string        `cbor:"3,keyasint,omitempty"`
	Path     string        `cbor:"4,keyasint,omitempty"`
	Type     string        `cbor:"5,keyasint,omitempty"`
	Size     int64         `cbor:"6,keyasint,omitempty"`
	Labels   []string      `cbor:"7,keyasint,omitempty"`
	Audience Audience      `cbor:"8,keyasint"`
	Key      []byte        `cbor:"9,keyasint,omitempty"`
	Created  int64         `cbor:"10,keyasint,omitempty"`
	Modified int64         `cbor:"11,keyasint,omitempty"`
	Inline   []byte        `cbor:"12,keyasint,omitempty"`
	Tag      []byte        `cbor:"13,keyasint,omitempty"`
	Until    int64         `cbor:"14,keyasint,omitempty"`
	By       seal.DeviceID `cbor:"15,keyasint"`
}

// Item is what is told of a document.
type Item struct {
	Handle   Handle
	Revision Revision
	App      string
	Path     string // as it is shown: see Library.List
	Type     string
	Size     int64
	Labels   []string
	Audience Audience
	Created  int64 // ms since 1970
	Modified int64
	// Here says whether the body is on this device.
	Here bool
	// Sent is how many friends were sent any of it by this device.
	Sent int
}

// The bounds of an item.
const (
	maxPath    = 1024
	maxSegment = 255
	maxType    = 255
	maxLabels  = 32
	maxLabel   = 64
	maxFriends = 256
	maxLists   = 64
	maxApp     = 64

	inlineMost  = 4 << 10  // of a document
	recordsMost = 48 << 10 // of a record of the person's own state
)

// personApp holds the person's own state; it is nobody's to see.
const personApp = ".person"

func bounded(r *record) error {
	switch {
	case len(r.Key) != 32 || r.Size < 0 || len(r.Tag) != 0 && len(r.Tag) != 16:
		return fault.New(fault.Invalid, "an item without key, size or tag")
	case len(r.App) > maxApp || len(r.Type) > maxType || len(r.Labels) > maxLabels ||
		len(r.Audience.Friends) > maxFriends || len(r.Audience.Lists) > maxLists || r.Audience.Reach > All:
		return fault.New(fault.Invalid, "an item that is out of bounds")
	case len(r.Inline) > recordsMost || r.App != personApp && len(r.Inline) > inlineMost:
		return fault.New(fault.TooLarge, "an item with %d octets inline", len(r.Inline))
	case isInline(r) && int64(len(r.Inline)) != r.Size:
		return fault.New(fault.Invalid, "an item whose size is not its body's")
	}
	for _, l := range r.Labels {
		if err := checkLabel(l); err != nil {
			return err
		}
	}
	if err := checkType(r.Type); err != nil {
		return err
	}
	if r.App == personApp {
		return checkRecordKey(r.Path)
	}
	if err := checkApp(r.App); err != nil {
		return err
	}
	return CheckPath(r.Path)
}

// isInline reports whether the body is in the item itself.
func isInline(r *record) bool { return r.App == personApp || r.Size <= inlineMost }
