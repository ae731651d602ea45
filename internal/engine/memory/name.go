package memory

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// nameTTL is how long an answer may be kept.
const nameTTL = time.Minute

// record says what a name points at.
type record struct {
	Key      ed25519.PublicKey `json:"key"`
	Sequence uint64            `json:"sequence"`
	Target   string            `json:"target"`
	Sign     []byte            `json:"sign"`
}

// signed is what the signature covers.
func (r record) signed() []byte {
	r.Sign = nil
	data, err := json.Marshal(r)
	if err != nil {
		return nil // never: it has no values that JSON cannot carry
	}
	return data
}

// PublishName implements engine.Namer.
func (e *Engine) PublishName(
	_ context.Context, key ed25519.PrivateKey, target address.Address,
) (address.Address, error) {
	if err := e.check(target); err != nil {
		return address.Address{}, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return address.Address{}, fault.New(fault.Invalid, "the key of the name is no Ed25519 key")
	}
	name, err := e.nameOf(public)
	if err != nil {
		return address.Address{}, err
	}
	r := record{Key: public, Target: target.Root().String()}
	if last, ok := e.bestRecord(name.Key()); ok {
		r.Sequence = last.Sequence + 1
	}
	r.Sign = ed25519.Sign(key, r.signed())
	e.keepRecord(name.Key(), r)
	e.network.poke()
	return name, nil
}

// nameOf is the address of the name under key: a libp2p key in an identity
// multihash (IPNS record specification §"IPNS name") or a BEP 46 key.
func (e *Engine) nameOf(key ed25519.PublicKey) (address.Address, error) {
	if e.options.As == address.NetworkBitTorrent {
		return address.FromPublicKey([32]byte(key), "")
	}
	const typeEd25519 = "\x08\x01\x12\x20" // protobuf: key type 1, then 32 bytes of data
	mh, err := multihash.Encode(append([]byte(typeEd25519), key...), multihash.IDENTITY)
	if err != nil {
		return address.Address{}, err
	}
	return address.FromCID(cid.NewCidV1(cid.Libp2pKey, mh)), nil
}

// valid reports whether r is a record of the name.
func (e *Engine) valid(name string, r record) bool {
	if len(r.Key) != ed25519.PublicKeySize || !ed25519.Verify(r.Key, r.signed(), r.Sign) {
		return false
	}
	a, err := e.nameOf(r.Key)
	return err == nil && a.Key() == name
}

// bestRecord is the newest record here and at the peers that can be reached.
func (e *Engine) bestRecord(name string) (record, bool) {
	best, found := e.record(name)
	peers, _ := e.network.peers(e)
	for _, p := range peers {
		r, ok := p.record(name)
		if ok && e.valid(name, r) && (!found || r.Sequence > best.Sequence) && e.network.pass() {
			best, found = r, true
		}
	}
	return best, found
}

func (e *Engine) record(name string) (record, bool) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	r, ok := e.disk.names[name]
	return r, ok
}

func (e *Engine) keepRecord(name string, r record) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	e.disk.names[name] = r
}

// ResolveName implements engine.Namer.
func (e *Engine) ResolveName(
	ctx context.Context, name address.Address,
) (address.Address, time.Duration, error) {
	if !name.Valid() || name.Network() != e.Network() || name.Immutable() {
		return address.Address{}, 0, fault.New(fault.Invalid, "%q is no name of the network %q", name, e.Network())
	}
	for {
		_, changed := e.network.peers(e)
		if r, ok := e.bestRecord(name.Key()); ok {
			target, err := address.Parse(r.Target)
			if err != nil {
				return address.Address{}, 0, fault.New(fault.Corrupt, "the record of %q: %w", name, err)
			}
			return target, nameTTL, nil
		}
		if err := e.network.wait(ctx, e.gone, changed); err != nil {
			return address.Address{}, 0, fault.New(fault.Unreachable, "nobody knows the name %q: %w", name, err)
		}
	}
}
