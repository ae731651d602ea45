package person

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// view is Records in memory, read again after each change.
type view struct {
	profile   profileRecord
	relays    []string
	backup    []byte
	due       dueRecord
	friends   map[FriendID]*friend
	relations map[seal.RelationID]*relation
	invites   map[[16]byte]inviteRecord
	accepts   map[[16]byte]acceptRecord
	rekeys    map[[16]byte]rekeyRecord
	drops     map[string]queueRecord
	// stale are records whose successors are there: a crash kept them.
	stale []string
}

// friend is what is known of one.
type friend struct {
	id       FriendID
	made     bool
	record   friendRecord
	name     string
	verified *verifiedRecord
	blocked  bool
	leaving  int64
	over     bool
	all      []*relation // newest first
}

// relation is a record with what changes about it.
type relation struct {
	id      seal.RelationID
	made    bool
	record  relationRecord
	pending *pendingRecord
	in      map[string]queueRecord
	out     outRecord
	epochs  map[seal.EpochID]epochRecord
	peer    peerRecord
}

// look returns the view.
func (p *Person) look() (*view, error) {
	if p.view != nil {
		return p.view, nil
	}
	v := &view{
		friends: map[FriendID]*friend{}, relations: map[seal.RelationID]*relation{},
		invites: map[[16]byte]inviteRecord{}, accepts: map[[16]byte]acceptRecord{},
		rekeys: map[[16]byte]rekeyRecord{}, drops: map[string]queueRecord{},
	}
	if err := p.read(); err != nil {
		return nil, err
	}
	for key, value := range p.raw {
		if err := v.add(key, value); err != nil {
			p.o.Log.Warn("a record of the person cannot be read", "key", key, "error", err)
		}
	}
	v.finish()
	p.view = v
	return v, nil
}

// read reads Records.
func (p *Person) read() error {
	if p.raw != nil {
		return nil
	}
	raw := map[string][]byte{}
	err := p.o.Records.Each("", func(key string, value []byte) error {
		raw[key] = bytes.Clone(value)
		return nil
	})
	if err == nil {
		p.raw = raw
	}
	return err
}

// add takes a record in.
func (v *view) add(key string, value []byte) error {
	switch key {
	case keyProfile:
		return seal.Unmarshal(value, &v.profile)
	case keyRelays:
		var r relaysRecord
		err := seal.Unmarshal(value, &r)
		v.relays = r.Relays
		return err
	case keyBackup:
		var r backupRecord
		err := seal.Unmarshal(value, &r)
		v.backup = r.Public
		return err
	case keyDue:
		return seal.Unmarshal(value, &v.due)
	}
	kind, rest, _ := strings.Cut(key, "/")
	name, sub, _ := strings.Cut(rest, "/")
	if kind+"/" == inDrop {
		return into(v.drops, name, value)
	}
	id, err := hex.DecodeString(name)
	if err != nil || len(id) != 16 {
		return nil // another part's, or a later version's
	}
	switch kind + "/" {
	case inInvite:
		return into(v.invites, [16]byte(id), value)
	case inAccept:
		return into(v.accepts, [16]byte(id), value)
	case inRekey:
		return into(v.rekeys, [16]byte(id), value)
	case inFriend, inName, inVerified, inBlocked, inLeaving:
		return v.friend(FriendID(id)).add(kind+"/", value)
	case inRelation, inPending, inOut, inPeer, inQueue, inEpoch:
		return v.relation(seal.RelationID(id)).add(kind+"/", sub, value)
	}
	return nil
}

func into[K comparable, V any](m map[K]V, key K, value []byte) error {
	var x V
	if err := seal.Unmarshal(value, &x); err != nil {
		return err
	}
	m[key] = x
	return nil
}

func (v *view) friend(id FriendID) *friend {
	if v.friends[id] == nil {
		v.friends[id] = &friend{id: id}
	}
	return v.friends[id]
}

func (v *view) relation(id seal.RelationID) *relation {
	if v.relations[id] == nil {
		v.relations[id] = &relation{
			id: id, in: map[string]queueRecord{}, epochs: map[seal.EpochID]epochRecord{},
		}
	}
	return v.relations[id]
}

func (f *friend) add(kind string, value []byte) error {
	var at atRecord
	switch kind {
	case inFriend:
		f.made = true
		return seal.Unmarshal(value, &f.record)
	case inName:
		var n nameRecord
		err := seal.Unmarshal(value, &n)
		f.name = n.Name
		return err
	case inVerified:
		f.verified = new(verifiedRecord)
		return seal.Unmarshal(value, f.verified)
	case inBlocked:
		f.blocked = true
		return nil
	}
	err := seal.Unmarshal(value, &at)
	f.leaving, f.over = at.At, at.Over
	return err
}

func (r *relation) add(kind, sub string, value []byte) error {
	switch kind {
	case inRelation:
		r.made = true
		return seal.Unmarshal(value, &r.record)
	case inPending:
		r.pending = new(pendingRecord)
		return seal.Unmarshal(value, r.pending)
	case inOut:
		return seal.Unmarshal(value, &r.out)
	case inPeer:
		return seal.Unmarshal(value, &r.peer)
	case inQueue:
		return into(r.in, sub, value)
	case inEpoch:
		id, err := hex.DecodeString(sub)
		if err != nil || len(id) != 8 {
			return fault.New(fault.Corrupt, "epoch %q has no id", sub)
		}
		return into(r.epochs, seal.EpochID(id), value)
	}
	return nil
}

// finish leaves out what is not whole (yet): its other records are on their way,
// or gone.
func (v *view) finish() {
	v.passOver()
	for id, r := range each(v.relations) {
		if !r.made || len(r.epochs) == 0 || len(r.peer.Public) == 0 {
			delete(v.relations, id)
			continue
		}
		if f := v.friends[r.record.Friend]; f != nil {
			f.all = append(f.all, r)
		}
	}
	for id, f := range each(v.friends) {
		if !f.made {
			delete(v.friends, id)
			if f.over {
				v.stale = append(v.stale, inLeaving+hexed(id[:]))
			}
		}
		f.order()
	}
}

// passOver leaves out what became a relation: its queues are the relation's now.
func (v *view) passOver() {
	openings := map[string]bool{}
	for _, r := range v.relations {
		if r.made {
			openings[string(r.record.Opening)] = true
		}
	}
	for id, a := range v.accepts {
		if openings[string(hashOf(a.Join.Octets))] {
			delete(v.accepts, id)
			v.stale = append(v.stale, inAccept+hexed(id[:]))
		}
	}
	for id, k := range v.rekeys {
		if openings[string(hashOf(k.Rekeying.Body))] {
			delete(v.rekeys, id)
			v.stale = append(v.stale, inRekey+hexed(id[:]))
		}
	}
}

// current is the relation that is written to: the newest that both sides know to
// stand, or the newest of all.
func (f *friend) current() *relation {
	for _, r := range f.all {
		if r.pending == nil || r.record.First && !f.outdone(r) {
			return r
		}
	}
	if len(f.all) > 0 {
		return f.all[len(f.all)-1]
	}
	return nil
}

// open says whether the friend has not confirmed yet.
func (f *friend) open() bool {
	r := f.current()
	return r == nil || r.pending != nil && !r.record.First
}

// whole puts a relation together as the others use it.
func (r *relation) whole(quiet bool) seal.Relation {
	out := seal.Relation{
		ID: r.id, Kind: seal.Friend, Side: r.record.Side, Root: r.record.Root,
		Notice: r.record.Notice, PeerNotice: r.record.PeerNotice, Pairwise: r.record.Pairwise, PeerKey: r.record.PeerKey,
		PeerEpoch: seal.PeerEpoch{ID: seal.EpochOf(r.peer.Public), Public: r.peer.Public, Seen: r.peer.Seen},
		Out:       r.out.Queues, Epochs: r.ordered(),
	}
	if !quiet {
		for _, name := range sortedKeys(r.in) {
			out.In = append(out.In, r.in[name].Mailbox)
		}
	}
	return out
}

// whole is r as the exchange uses it.
func (v *view) whole(r *relation, quiet bool) seal.Relation {
	out := r.whole(quiet)
	if f := v.friends[r.record.Friend]; f != nil {
		for _, next := range f.all {
			out.Ending = out.Ending || next.record.Follows == r.id && next.pending != nil && !next.record.First
		}
	}
	return out
}

// ordered are the relation's own epochs, newest first.
func (r *relation) ordered() []seal.Epoch {
	var out []seal.Epoch
	for id, e := range r.epochs {
		out = append(out, seal.Epoch{ID: id, Private: e.Private, Created: e.Created})
	}
	slices.SortFunc(out, func(a, b seal.Epoch) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(b.ID[:], a.ID[:]))
	})
	for i := 1; i < len(out); i++ {
		out[i].Superseded = out[i-1].Created
	}
	return out
}

// each goes through a map in the order of its keys, so that the same state has the
// same effects.
func each[K ~[16]byte, V any](m map[K]V) iter.Seq2[K, V] {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		x, y := [16]byte(a), [16]byte(b)
		return bytes.Compare(x[:], y[:])
	})
	return pairs(keys, m)
}

func named[V any](m map[string]V) iter.Seq2[string, V] { return pairs(sortedKeys(m), m) }

// pairs leaves out what was deleted meanwhile.
func pairs[K comparable, V any](keys []K, m map[K]V) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range keys {
			if v, ok := m[k]; ok && !yield(k, v) {
				return
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
