package person

import (
	"crypto/ed25519"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// Keys of Local: "device", "house", "seed", "intent", "earlier/<household>",
// "peer/<device>", "epoch/<device>/<epoch>", "theirs/<device>", "link/<id>",
// "past/<device>" (the device's own key is no epoch any more), "former" (the device before Incarnate), "restoring".

// localDevice is this device's keys and what it says of itself.
type localDevice struct {
	Seed  []byte       `cbor:"1,keyasint"` // Ed25519
	XWing seal.Secret  `cbor:"2,keyasint"`
	Name  string       `cbor:"3,keyasint"`
	Added int64        `cbor:"4,keyasint"`
	Holds roster.Holds `cbor:"5,keyasint"`
}

// localHouse is the roster that is pinned and its household secret.
type localHouse struct {
	History roster.History `cbor:"1,keyasint"`
	Secret  []byte         `cbor:"2,keyasint"`
	Adopted int64          `cbor:"3,keyasint"`
	// Alone is when an expired roster was noticed: renewed a day later if nobody
	// says otherwise.
	Noticed int64 `cbor:"4,keyasint,omitempty"`
}

// localEarlier is a household that this device was in before.
type localEarlier struct {
	Secret []byte `cbor:"1,keyasint"`
	Until  int64  `cbor:"2,keyasint"`
}

// localPeer is what this device knows of where another one is.
type localPeer struct {
	Secret []byte   `cbor:"1,keyasint"` // the newest household that it is known to be in
	Has    [32]byte `cbor:"2,keyasint"` // the roster that it showed last
	Told   int64    `cbor:"3,keyasint"`
	Times  int      `cbor:"4,keyasint,omitempty"` // that it was told in vain
}

// localEpoch is one of this device's keys for another own device; localTheirs is
// the newest of the other's.
type localEpoch struct {
	Private seal.Secret `cbor:"1,keyasint"`
	Created int64       `cbor:"2,keyasint"`
}

type localTheirs struct {
	Public []byte `cbor:"1,keyasint"`
	Seen   int64  `cbor:"2,keyasint"`
}

// localIntent is what this device changed in rosters and wants to see in whatever
// roster is adopted: who changes one at the same time must not undo it unknowingly.
type localIntent struct {
	Removed []seal.DeviceID `cbor:"1,keyasint,omitempty"`
	Added   []roster.Device `cbor:"2,keyasint,omitempty"`
	Since   int64           `cbor:"3,keyasint,omitempty"` // the last of it; forgotten when every roster of then has ended
}

type localSeed struct {
	Seed []byte `cbor:"1,keyasint"`
}

func (p *Person) getLocal(key string, v any) error { return getLocal(p.o.Local, key, v) }

func getLocal(l Local, key string, v any) error {
	b, err := l.Get(key)
	if err != nil {
		return err
	}
	if err := seal.Unmarshal(b, v); err != nil {
		return fault.New(fault.Corrupt, "what this device keeps under %q cannot be read: %w", key, err).
			WithHint("restore a backup, or link this device anew")
	}
	return nil
}

func (p *Person) putLocal(key string, v any) error {
	p.own = nil
	return putLocal(p.o.Local, key, v)
}

func (p *Person) delLocal(key string) error {
	p.own = nil
	return p.o.Local.Delete(key)
}

func putLocal(l Local, key string, v any) error {
	b, err := seal.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "encode %q: %w", key, err)
	}
	return l.Put(key, b)
}

// loadDevice returns this device's keys, and makes them the first time.
func loadDevice(o Options) (localDevice, error) {
	var d localDevice
	err := getLocal(o.Local, "device", &d)
	if fault.KindOf(err) != fault.NotFound {
		return d, err
	}
	if d, err = newDevice(o); err != nil {
		return d, err
	}
	return d, putLocal(o.Local, "device", d)
}

func newDevice(o Options) (localDevice, error) {
	seed, err := seal.NewSeed(o.Rand)
	if err != nil {
		return localDevice{}, err
	}
	secret, err := seal.NewSecret(o.Rand)
	return localDevice{Seed: seed, XWing: secret, Name: cleanName(o.Device, "device"), Added: o.Now().UnixMilli()}, err
}

func (d localDevice) key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(d.Seed) }

func (d localDevice) id() (seal.DeviceID, error) {
	if len(d.Seed) != ed25519.SeedSize {
		return seal.DeviceID{}, fault.New(fault.Corrupt, "this device's key has %d octets", len(d.Seed))
	}
	return seal.DeviceOf(d.key().Public().(ed25519.PublicKey)), nil
}

// entry is what the device says of itself in a roster.
func (d localDevice) entry(relays []string) (roster.Device, error) {
	public, err := d.XWing.Public()
	if err != nil {
		return roster.Device{}, err
	}
	return roster.Device{
		Key: d.key().Public().(ed25519.PublicKey), XWing: public, Name: d.Name, Added: d.Added, Holds: d.Holds, Relays: relays,
	}, nil
}

// use makes d this device.
func (p *Person) use(d localDevice) error {
	id, err := d.id()
	if err != nil {
		return err
	}
	p.device, p.id, p.own = d, id, nil
	return nil
}

// me returns this device's id.
func (p *Person) me() seal.DeviceID { return p.id }
