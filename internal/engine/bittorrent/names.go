package bittorrent

import (
	"context"
	"crypto/ed25519"
	"crypto/sha1" //nolint:gosec // BEP 44 places items by SHA-1
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/anacrolix/dht/v2/bep44"
	"github.com/anacrolix/torrent/bencode"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// Mutable names (BEP 46): an item of the DHT (BEP 44) signed by a key, whose
// value names a torrent.
const (
	// namePrefix is where records of names are kept, by the item's target.
	namePrefix = "name/"
	// nameTTL is how long an answer may be kept; own names are known sooner.
	nameTTL = 5 * time.Minute
	// putTime is how long putting a record may take.
	putTime = time.Minute
)

// nameValue is the value of an item. BEP 46 knows ih, an infohash of v1; a
// torrent of v2 alone is given by ih2.
type nameValue struct {
	InfoHash   string `bencode:"ih,omitempty"`
	InfoHashV2 string `bencode:"ih2,omitempty"`
}

// nameRecord is the item, signed, as it is stored and put.
type nameRecord struct {
	Key   []byte `json:"key"`
	Salt  []byte `json:"salt,omitempty"`
	Seq   int64  `json:"seq"`
	Value []byte `json:"value"` // bencoded
	Sig   []byte `json:"sig"`
	Own   bool   `json:"own"` // published here, put again and again
}

// names keeps the names published here in the DHT.
type names struct {
	e    *Engine
	poke chan struct{}
	mu   sync.Mutex // of changing records
}

func newNames(e *Engine) *names { return &names{e: e, poke: make(chan struct{}, 1)} }

// run puts the names that were published here again and again, for nodes of the
// DHT keep them for two hours.
func (n *names) run() {
	if !n.e.o.DHT {
		return
	}
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	for {
		select {
		case <-n.e.ctx.Done():
			return
		case <-timer.C:
		case <-n.poke:
		}
		wait := n.e.o.PutNamesEvery
		if !n.putAll() {
			wait = min(wait, time.Minute)
		}
		timer.Reset(wait)
	}
}

// putAll reports whether some node took every record.
func (n *names) putAll() bool {
	var records []nameRecord
	err := n.e.o.Store.Each(namePrefix, func(_ string, data []byte) error {
		var r nameRecord
		if json.Unmarshal(data, &r) == nil && r.Own {
			records = append(records, r)
		}
		return nil
	})
	if err != nil {
		n.e.o.Log.Warn("read the names", "error", err)
	}
	ok := true
	for _, r := range records {
		ctx, cancel := context.WithTimeout(n.e.ctx, putTime)
		took := 0
		for _, s := range n.e.dhtServers() {
			took += r.put(ctx, s)
		}
		cancel()
		n.e.o.Log.Debug("put a name", "key", hex.EncodeToString(r.Key), "sequence", r.Seq, "nodes", took)
		ok = ok && took > 0
	}
	return ok
}

func (r nameRecord) target() bep44.Target {
	return sha1.Sum(append(append([]byte(nil), r.Key...), r.Salt...))
}

func (r nameRecord) storeKey() string {
	t := r.target()
	return namePrefix + hex.EncodeToString(t[:])
}

// item is the record as BEP 44 puts it.
func (r nameRecord) item() bep44.Put {
	key := [32]byte(r.Key)
	return bep44.Put{V: bencode.Bytes(r.Value), K: &key, Salt: r.Salt, Sig: [64]byte(r.Sig), Seq: r.Seq}
}

// valid says whether the signature is right.
func (r nameRecord) valid() bool {
	return len(r.Key) == 32 && len(r.Sig) == 64 && len(r.Value) <= 1000 &&
		bep44.Verify(r.Key, r.Salt, r.Seq, r.Value, r.Sig)
}

// PublishName implements engine.Namer.
func (e *Engine) PublishName(
	ctx context.Context, key ed25519.PrivateKey, target address.Address,
) (address.Address, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PrivateKeySize {
		return address.Address{}, fault.New(fault.Invalid, "the key of the name is not an Ed25519 key")
	}
	name, err := address.FromPublicKey([32]byte(public), "")
	if err != nil {
		return address.Address{}, err
	}
	value, err := valueOf(target)
	if err != nil {
		return address.Address{}, err
	}
	r := nameRecord{Key: public, Value: value, Own: true}
	seen, _ := e.names.lookUp(ctx, r, 2*time.Second) // somebody may have gone on with this key elsewhere
	e.names.mu.Lock()
	defer e.names.mu.Unlock()
	old, known, err := recall[nameRecord](e.o.Store, r.storeKey())
	if err != nil {
		return address.Address{}, err
	}
	if known {
		r.Seq = old.Seq
	}
	r.Seq = max(r.Seq, seen.Seq) + 1
	put := bep44.Put{V: bencode.Bytes(value), Seq: r.Seq}
	put.Sign(key)
	r.Sig = put.Sig[:]
	if !r.valid() {
		return address.Address{}, fault.New(fault.Internal, "the signature of the name is wrong")
	}
	if err := e.names.save(r); err != nil {
		return address.Address{}, err
	}
	select {
	case e.names.poke <- struct{}{}:
	default:
	}
	return name, nil
}

func (n *names) save(r nameRecord) error {
	data, err := json.Marshal(r)
	if err == nil {
		err = n.e.o.Store.Put(r.storeKey(), data)
	}
	if err != nil {
		return fmt.Errorf("store the name: %w", err)
	}
	return nil
}

// valueOf is the item's value for a torrent.
func valueOf(target address.Address) ([]byte, error) {
	if _, err := keyOf(target); err != nil {
		return nil, err
	}
	var v nameValue
	if h, ok := target.InfoHash(); ok {
		v.InfoHash = string(h[:])
	} else if h, ok := target.InfoHashV2(); ok {
		v.InfoHashV2 = string(h[:])
	}
	return bencode.Marshal(v)
}

// pointee reads an item's value.
func pointee(value []byte) (address.Address, error) {
	var v nameValue
	if err := bencode.Unmarshal(value, &v); err == nil {
		if len(v.InfoHash) == 20 {
			return address.FromInfoHash([20]byte([]byte(v.InfoHash))), nil
		}
		if len(v.InfoHashV2) == 32 {
			return address.FromInfoHashV2([32]byte([]byte(v.InfoHashV2))), nil
		}
	}
	return address.Address{}, fault.New(fault.Corrupt, "the name's record names no torrent")
}

// ResolveName implements engine.Namer. What this node published or saw last is
// the answer when the DHT has nothing newer.
func (e *Engine) ResolveName(ctx context.Context, name address.Address) (address.Address, time.Duration, error) {
	var none address.Address
	if name.Kind() != address.Mutable {
		return none, 0, fault.New(fault.Invalid, "%q is not the address of a mutable torrent", name.String())
	}
	key, salt := name.PublicKey()
	r := nameRecord{Key: key[:], Salt: []byte(salt)}
	stored, known, err := recall[nameRecord](e.o.Store, r.storeKey())
	if err != nil {
		return none, 0, err
	}
	known = known && stored.valid()
	if known && stored.Own {
		target, err := pointee(stored.Value)
		return target, nameTTL, err
	}
	found, err := e.names.lookUp(ctx, r, 0)
	switch {
	case err == nil && (!known || found.Seq >= stored.Seq):
		stored = found
		if err := e.names.remember(found); err != nil {
			return none, 0, err
		}
	case !known:
		return none, 0, fault.New(fault.KindOf(err), "nobody answered for %v: %w", name, err)
	}
	target, err := pointee(stored.Value)
	return target, nameTTL, err
}

// remember keeps a record that was seen, so that an older one is not believed
// later.
func (n *names) remember(r nameRecord) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	old, known, err := recall[nameRecord](n.e.o.Store, r.storeKey())
	if err != nil || (known && (old.Own || old.Seq >= r.Seq)) {
		return err
	}
	return n.save(r)
}

// lookUp asks the DHT for the newest record of r's key, for at most patience if
// that is not zero.
func (n *names) lookUp(ctx context.Context, r nameRecord, patience time.Duration) (nameRecord, error) {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	servers := n.e.dhtServers()
	type answer struct {
		r   nameRecord
		bad bool
		err error
	}
	answers := make(chan answer, len(servers))
	for _, s := range servers {
		go func() {
			found, bad, err := r.get(ctx, s)
			answers <- answer{found, bad, err}
		}()
	}
	var best nameRecord
	bad := false
	for range servers {
		a := <-answers
		bad = bad || a.bad
		if a.err == nil && (best.Sig == nil || a.r.Seq > best.Seq) {
			best = a.r
		}
	}
	switch {
	case best.Sig != nil:
		return best, nil
	case bad:
		return best, fault.New(fault.Corrupt, "only records with a bad signature came")
	case ctx.Err() != nil:
		return best, fault.New(fault.Unreachable, "the DHT did not answer in time: %w", context.Cause(ctx))
	}
	return best, fault.New(fault.Unreachable, "the DHT has no record")
}

var _ engine.Namer = (*Engine)(nil)
