package ipfs

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

const (
	// recordPrefix is where IPNS records are in the bucket.
	recordPrefix = "ipns/"
	// maxRecord is the largest record there is (IPNS record specification,
	// Record Size Limit).
	maxRecord = 10 << 10
	// moreRecords is how long a look-up waits for a newer record once it has
	// one.
	moreRecords = 300 * time.Millisecond
	// askFirst bounds the look-up for the sequence number of a name published
	// elsewhere before.
	askFirst = 3 * time.Second
)

// names publishes and resolves IPNS names
// (https://specs.ipfs.tech/ipns/ipns-record/).
type names struct {
	e *Engine

	mu   sync.Mutex
	keys map[string]signer // names published since the engine started
}

// signer is what it takes to renew a record.
type signer struct {
	key    crypto.PrivKey
	target path.Path
}

func newNames(e *Engine) *names { return &names{e: e, keys: map[string]signer{}} }

// PublishName implements engine.Namer. The record is renewed for as long as
// the engine runs, and valid for Options.NameLifetime after.
func (e *Engine) PublishName(ctx context.Context, key ed25519.PrivateKey, target address.Address) (address.Address, error) {
	if target.Network() != address.NetworkIPFS {
		return address.Address{}, fault.New(fault.Invalid, "an IPNS name cannot point at %s", target.String())
	}
	if len(key) != ed25519.PrivateKeySize {
		return address.Address{}, fault.New(fault.Invalid, "a name needs an Ed25519 key of %d octets", ed25519.PrivateKeySize)
	}
	sk, err := crypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		return address.Address{}, fault.New(fault.Invalid, "the key of the name: %w", err)
	}
	id, err := peer.IDFromPrivateKey(sk)
	if err != nil {
		return address.Address{}, fault.New(fault.Invalid, "the key of the name: %w", err)
	}
	to, err := path.NewPath(contentPath(target))
	if err != nil {
		return address.Address{}, fault.New(fault.Invalid, "%s: %w", target.String(), err)
	}
	name := ipns.NameFromPeer(id)
	if err := e.names.sign(ctx, name, signer{sk, to}); err != nil {
		return address.Address{}, err
	}
	e.background(func() { e.names.announce(e.ctx, name) })
	return address.FromCID(name.Cid()), nil
}

// contentPath is an address as IPFS writes it.
func contentPath(a address.Address) string {
	if a.Kind() == address.IPNS {
		return "/ipns/" + ipnsName(a.CID()) + a.Path
	}
	return "/ipfs/" + a.CID().String() + strings.TrimSuffix(a.Path, "/")
}

// ipnsName is the name of a libp2p key in its usual form.
func ipnsName(c cid.Cid) string {
	name, err := ipns.NameFromCid(c)
	if err != nil {
		return c.String()
	}
	return name.String()
}

// sign makes the next record of a name and stores it.
func (n *names) sign(ctx context.Context, name ipns.Name, s signer) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	best, err := n.stored(name)
	if err != nil {
		ask, cancel := context.WithTimeout(ctx, askFirst)
		best, _ = n.lookUp(ask, name) // nobody knows of an earlier one: this is the first
		cancel()
	}
	sequence := uint64(0)
	if best != nil {
		if last, err := best.Sequence(); err == nil {
			sequence = last + 1
		}
	}
	o := n.e.o
	rec, err := ipns.NewRecord(s.key, s.target, sequence, time.Now().Add(o.NameLifetime), o.NameTTL, ipns.WithV1Compatibility(true))
	if err != nil {
		return fmt.Errorf("sign the record of %s: %w", name, err)
	}
	n.keys[name.String()] = s
	return n.store(name, rec)
}

// stored returns the record of a name that is kept here, expired or not.
func (n *names) stored(name ipns.Name) (*ipns.Record, error) {
	raw, err := n.e.o.Store.Get(recordPrefix + name.String())
	if err != nil {
		return nil, err
	}
	return ipns.UnmarshalRecord(raw)
}

// store keeps a record that was made here or verified.
func (n *names) store(name ipns.Name, rec *ipns.Record) error {
	raw, err := ipns.MarshalRecord(rec)
	if err == nil {
		err = n.e.o.Store.Put(recordPrefix+name.String(), raw)
	}
	if err != nil {
		return fmt.Errorf("keep the record of %s: %w", name, err)
	}
	return nil
}

// announce hands the record of a name to the DHT and the routers.
func (n *names) announce(ctx context.Context, name ipns.Name) {
	rec, err := n.stored(name)
	if err == nil {
		var raw []byte
		if raw, err = ipns.MarshalRecord(rec); err == nil {
			for _, f := range n.e.routes.finders {
				err = errors.Join(err, f.PutValue(ctx, string(name.RoutingKey()), raw))
			}
		}
	}
	if err != nil && ctx.Err() == nil {
		n.e.o.Log.Debug("name not announced everywhere", "name", name.String(), "error", err)
	}
}

// announceAll renews the records that can be and announces all that were
// published here.
func (n *names) announceAll(ctx context.Context) {
	n.mu.Lock()
	keys := make(map[string]signer, len(n.keys))
	for name, s := range n.keys {
		keys[name] = s
	}
	n.mu.Unlock()
	for text, s := range keys {
		name, err := ipns.NameFromString(text)
		if err == nil {
			err = n.sign(ctx, name, s)
		}
		if err != nil {
			n.e.o.Log.Warn("name not renewed", "name", text, "error", err)
			continue
		}
		n.announce(ctx, name)
	}
}

// PutRecord stores a signed IPNS record made elsewhere, unless a newer one is
// here. From then on the name resolves without asking anybody, until the
// record expires.
func (e *Engine) PutRecord(_ context.Context, name address.Address, record []byte) error {
	if name.Kind() != address.IPNS {
		return fault.New(fault.Invalid, "%s is not an IPNS name", name.String())
	}
	key, err := ipns.NameFromCid(name.CID())
	if err != nil {
		return fault.New(fault.Invalid, "%s: %w", name.String(), err)
	}
	rec, err := readRecord(key, record)
	if err != nil {
		return fault.New(fault.Corrupt, "the record of %s is refused: %w", name.String(), err)
	}
	e.names.mu.Lock()
	defer e.names.mu.Unlock()
	if old, err := e.names.stored(key); err == nil && !newer(rec, old) {
		return nil
	}
	return e.names.store(key, rec)
}

// readRecord reads and verifies a record of a name.
func readRecord(name ipns.Name, raw []byte) (*ipns.Record, error) {
	if len(raw) > maxRecord {
		return nil, fmt.Errorf("%d bytes are more than a record has", len(raw))
	}
	rec, err := ipns.UnmarshalRecord(raw)
	if err != nil {
		return nil, err
	}
	return rec, ipns.ValidateWithName(rec, name)
}

// newer reports whether a is to be preferred to b (IPNS record specification,
// Record Verification): the higher sequence number, then the later end.
func newer(a, b *ipns.Record) bool {
	sa, err := a.Sequence()
	if err != nil {
		return false
	}
	sb, err := b.Sequence()
	if err != nil || sa != sb {
		return err != nil || sa > sb
	}
	ea, err := a.Validity()
	if err != nil {
		return false
	}
	eb, err := b.Validity()
	return err != nil || ea.After(eb)
}

// ResolveName implements engine.Namer: what is stored here is the answer for
// names published here and for as long as its time to live; else everybody is
// asked, and what is stored is the answer when nobody knows better.
func (e *Engine) ResolveName(ctx context.Context, name address.Address) (address.Address, time.Duration, error) {
	if name.Kind() != address.IPNS {
		return address.Address{}, 0, fault.New(fault.Invalid, "%s is not an IPNS name", name.String())
	}
	key, err := ipns.NameFromCid(name.CID())
	if err != nil {
		return address.Address{}, 0, fault.New(fault.Invalid, "%s: %w", name.String(), err)
	}
	rec, err := e.names.resolve(ctx, key)
	if err != nil {
		return address.Address{}, 0, err
	}
	value, err := rec.Value()
	if err != nil {
		return address.Address{}, 0, fault.New(fault.Corrupt, "the record of %s: %w", name.String(), err)
	}
	target, err := address.Parse(value.String())
	if err != nil {
		return address.Address{}, 0, fault.New(fault.Corrupt, "the record of %s: %w", name.String(), err)
	}
	return target, lifetime(rec), nil
}

// lifetime is how long a record may be kept.
func lifetime(rec *ipns.Record) time.Duration {
	ttl, err := rec.TTL()
	if err != nil {
		ttl = time.Minute
	}
	if end, err := rec.Validity(); err == nil {
		ttl = min(ttl, time.Until(end))
	}
	return max(ttl, 0)
}

// resolve returns the best valid record of a name.
func (n *names) resolve(ctx context.Context, name ipns.Name) (*ipns.Record, error) {
	n.mu.Lock()
	_, ours := n.keys[name.String()]
	n.mu.Unlock()
	here, err := n.stored(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.e.o.Log.Warn("stored IPNS record is damaged", "name", name.String(), "error", err)
	}
	if err != nil || ipns.ValidateWithName(here, name) != nil {
		here = nil
	}
	if here != nil && (ours || n.e.alone()) {
		return here, nil
	}
	found, err := n.lookUp(ctx, name)
	switch {
	case found != nil && (here == nil || newer(found, here)):
		return found, n.store(name, found)
	case here != nil:
		return here, nil
	}
	return nil, err
}

// lookUp asks everybody for the record of a name and returns the best that came
// until shortly after the first.
func (n *names) lookUp(ctx context.Context, name ipns.Name) (*ipns.Record, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sources := n.sources(name)
	answers := make(chan recordAnswer, len(sources))
	for _, ask := range sources {
		go func() {
			raw, err := ask(ctx)
			if err != nil {
				answers <- recordAnswer{}
				return
			}
			rec, err := readRecord(name, raw)
			answers <- recordAnswer{rec, err}
		}()
	}
	var best *ipns.Record
	var bad error
	for range sources {
		select {
		case a := <-answers:
			switch {
			case a.err != nil:
				bad = a.err
			case a.rec != nil && best == nil:
				best = a.rec
				time.AfterFunc(moreRecords, cancel)
			case a.rec != nil && newer(a.rec, best):
				best = a.rec
			}
		case <-ctx.Done():
		}
	}
	switch {
	case best != nil:
		return best, nil
	case bad != nil:
		return nil, fault.New(fault.Corrupt, "every record of %s is refused: %w", name, bad)
	}
	return nil, fault.New(fault.Unreachable, "nobody knows the name %s", name)
}

// recordAnswer is what one source said: nothing, a record, or a bad one.
type recordAnswer struct {
	rec *ipns.Record
	err error
}

// sources are the ways to ask for the record of a name.
func (n *names) sources(name ipns.Name) []func(context.Context) ([]byte, error) {
	var out []func(context.Context) ([]byte, error)
	for _, f := range n.e.routes.finders {
		out = append(out, func(ctx context.Context) ([]byte, error) { return f.GetValue(ctx, string(name.RoutingKey())) })
	}
	for _, g := range n.e.gateways.list {
		if !g.usable() {
			continue
		}
		out = append(out, func(ctx context.Context) ([]byte, error) {
			return n.e.gateways.get(ctx, g.base+"/ipns/"+name.String()+"?format=ipns-record", "application/vnd.ipfs.ipns-record", maxRecord)
		})
	}
	return out
}

// alone reports whether there is nobody to ask.
func (e *Engine) alone() bool {
	return len(e.routes.finders) == 0 && len(e.gateways.list) == 0 && len(e.host.Network().Peers()) == 0
}
