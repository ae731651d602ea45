package roster

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Bounds of a roster, and its times (spec §2).
const (
	MaxDevices = 32
	MaxRemoved = 128 // the newest are kept
	Lifetime   = 30 * 24 * time.Hour
	// Slack is how far clocks may be apart where an expired roster is refused.
	Slack = 2 * 24 * time.Hour

	maxName   = 128
	maxRelays = 8
	maxURL    = 255
	maxApps   = 256
	maxOctets = 60 << 10
	version   = 1
)

// Holds says which bodies a device keeps (spec §6.4): all of them unless Days or
// Apps says less.
type Holds struct {
	Days int      `cbor:"1,keyasint,omitempty" json:"days,omitempty"`
	Apps []string `cbor:"2,keyasint,omitempty" json:"apps,omitempty"`
}

// Device is one device of a person.
type Device struct {
	Key    []byte   `cbor:"1,keyasint"` // Ed25519
	XWing  []byte   `cbor:"2,keyasint"`
	Name   string   `cbor:"3,keyasint"`
	Added  int64    `cbor:"4,keyasint"` // ms since 1970
	Holds  Holds    `cbor:"5,keyasint"`
	Relays []string `cbor:"6,keyasint"`
}

// ID returns the device's id.
func (d Device) ID() seal.DeviceID { return seal.DeviceOf(d.Key) }

// Check refuses a device that no roster may have.
func (d Device) Check() error {
	switch {
	case len(d.Key) != ed25519.PublicKeySize:
		return fault.New(fault.Invalid, "device with a key of %d octets", len(d.Key))
	case len(d.XWing) != seal.PublicSize:
		return fault.New(fault.Invalid, "device with an X-Wing key of %d octets", len(d.XWing))
	case len(d.Name) > maxName || len(d.Relays) > maxRelays || len(d.Holds.Apps) > maxApps || d.Holds.Days < 0:
		return fault.New(fault.Invalid, "device %x says too much of itself", d.ID())
	}
	for _, s := range append(append([]string(nil), d.Relays...), d.Holds.Apps...) {
		if len(s) == 0 || len(s) > maxURL {
			return fault.New(fault.Invalid, "device %x names something of %d octets", d.ID(), len(s))
		}
	}
	return nil
}

// Roster is the list of a person's devices.
type Roster struct {
	Version    int      `cbor:"1,keyasint"`
	Root       []byte   `cbor:"2,keyasint"` // Ed25519
	Generation uint64   `cbor:"3,keyasint"`
	Epoch      uint64   `cbor:"4,keyasint"`
	Issued     int64    `cbor:"5,keyasint"` // ms since 1970
	Expires    int64    `cbor:"6,keyasint"`
	Devices    []Device `cbor:"7,keyasint"`
	Household  [8]byte  `cbor:"8,keyasint"`
	// Removed are devices that were removed in this generation: who added one at the
	// same time does not add it again.
	Removed []seal.DeviceID `cbor:"9,keyasint,omitempty"`
}

// Find returns the device with this id.
func (r Roster) Find(id seal.DeviceID) (Device, bool) {
	for _, d := range r.Devices {
		if d.ID() == id {
			return d, true
		}
	}
	return Device{}, false
}

// Without returns r without these devices, which count as removed.
func (r Roster) Without(ids []seal.DeviceID) Roster {
	r.Devices = slices.DeleteFunc(slices.Clone(r.Devices), func(d Device) bool { return slices.Contains(ids, d.ID()) })
	r.Removed = slices.Clone(r.Removed)
	for _, id := range ids {
		if !slices.Contains(r.Removed, id) {
			r.Removed = append(r.Removed, id)
		}
	}
	r.Removed = r.Removed[max(0, len(r.Removed)-MaxRemoved):]
	return r
}

// Expired reports whether the roster ended before now, as far as clocks are
// trusted.
func (r Roster) Expired(now time.Time) bool {
	return now.UnixMilli() > r.Expires+Slack.Milliseconds()
}

func (r Roster) check() error {
	switch {
	case r.Version != version:
		return fault.New(fault.Unsupported, "roster of version %d", r.Version).WithHint("use a newer program on this device")
	case len(r.Root) != ed25519.PublicKeySize:
		return fault.New(fault.Invalid, "roster with a root key of %d octets", len(r.Root))
	case len(r.Devices) == 0 || len(r.Devices) > MaxDevices:
		return fault.New(fault.TooLarge, "roster with %d devices", len(r.Devices)).WithHint("a person has 1 to %d", MaxDevices)
	case len(r.Removed) > MaxRemoved:
		return fault.New(fault.TooLarge, "roster with %d removed devices", len(r.Removed))
	case r.Expires <= r.Issued || r.Expires-r.Issued > Lifetime.Milliseconds():
		return fault.New(fault.Invalid, "roster that is good for %d ms", r.Expires-r.Issued)
	}
	seen := map[seal.DeviceID]bool{}
	for _, d := range r.Devices {
		if err := d.Check(); err != nil {
			return err
		}
		if seen[d.ID()] {
			return fault.New(fault.Invalid, "roster that names device %x twice", d.ID())
		}
		seen[d.ID()] = true
	}
	return nil
}

// Signed is a roster as it travels and is kept.
type Signed struct {
	Octets    []byte `cbor:"1,keyasint"`
	Signer    []byte `cbor:"2,keyasint"` // empty: the root; else the device's id
	Signature []byte `cbor:"3,keyasint"`
}

// ByRoot reports whether the signature is the root's.
func (s Signed) ByRoot() bool { return len(s.Signer) == 0 }

// Sign encodes and signs a roster: with the root's key, or a device's.
func Sign(r Roster, key ed25519.PrivateKey) (Signed, error) {
	r.Version = version
	if err := r.check(); err != nil {
		return Signed{}, err
	}
	octets, err := seal.Marshal(r)
	if err != nil {
		return Signed{}, fault.New(fault.Internal, "encode roster: %w", err)
	}
	if len(octets) > maxOctets {
		return Signed{}, fault.New(fault.TooLarge, "roster of %d octets", len(octets)).WithHint("shorten names of devices, or remove some")
	}
	s := Signed{Octets: octets, Signature: ed25519.Sign(key, statement(octets))}
	public := key.Public().(ed25519.PublicKey)
	if !bytes.Equal(public, r.Root) {
		id := seal.DeviceOf(public)
		s.Signer = id[:]
	}
	return s, nil
}

func statement(octets []byte) []byte {
	return append([]byte("kith roster 1\x00"), octets...)
}

// Parse decodes a signed roster. It does not check the signature: History does.
func Parse(b []byte) (Signed, error) {
	var s Signed
	if len(b) > maxOctets+1024 {
		return s, fault.New(fault.TooLarge, "signed roster of %d octets", len(b))
	}
	if err := seal.Unmarshal(b, &s); err != nil {
		return s, fault.New(fault.Invalid, "signed roster: %w", err)
	}
	_, err := s.Roster()
	return s, err
}

// Encode is Parse's other end.
func (s Signed) Encode() ([]byte, error) { return seal.Marshal(s) }

// Roster decodes what was signed.
func (s Signed) Roster() (Roster, error) {
	var r Roster
	if len(s.Octets) > maxOctets || len(s.Signer) != 0 && len(s.Signer) != len(seal.DeviceID{}) {
		return r, fault.New(fault.Invalid, "signed roster of %d octets by a signer of %d", len(s.Octets), len(s.Signer))
	}
	if err := seal.Unmarshal(s.Octets, &r); err != nil {
		return r, fault.New(fault.Invalid, "roster: %w", err)
	}
	return r, r.check()
}

// Hash names the roster.
func (s Signed) Hash() [32]byte { return sha256.Sum256(s.Octets) }

// by reports whether a device of r, or the root, signed s.
func (s Signed) by(r Roster) bool {
	key := r.Root
	if !s.ByRoot() {
		d, ok := r.Find(seal.DeviceID(s.Signer))
		if !ok {
			return false
		}
		key = d.Key
	}
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, statement(s.Octets), s.Signature)
}
