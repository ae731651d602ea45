package library

import (
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// A receipt is a record of the person's own state for each friend who was asked
// to purge something: receipt/<group>/<purge id>. The groups are deletions; the
// ids are of one friend each, so that two who compare them find nothing equal.
// When the last of a group is settled all are shredded, and a count without paths
// is kept for a while: receipt/<group>/done.
const receiptPrefix = "receipt/"

// PurgeState is how far a friend is with a purge.
type PurgeState uint8

// The states of a purge (spec §6.5).
const (
	Asked       PurgeState = 1
	Confirmed   PurgeState = 2
	Unreachable PurgeState = 3
)

type receipt struct {
	ID       [16]byte        `cbor:"1,keyasint"`
	Friend   seal.RelationID `cbor:"2,keyasint"`
	Paths    []string        `cbor:"3,keyasint,omitempty"`
	Asked    int64           `cbor:"4,keyasint"`
	State    PurgeState      `cbor:"5,keyasint"`
	Settled  int64           `cbor:"6,keyasint,omitempty"`
	By       seal.DeviceID   `cbor:"7,keyasint"`
	Deleted  bool            `cbor:"8,keyasint,omitempty"` // not only unshared
	Nothing  bool            `cbor:"9,keyasint,omitempty"` // they had none of it
	Reached  int             `cbor:"10,keyasint,omitempty"`
	Missed   int             `cbor:"11,keyasint,omitempty"`
	reminded int64
	unsure   bool // read from disk
}

const doneSuffix = "/done"

// purge and purged are the messages (spec §5.2, kinds 6 and 7).
type purge struct {
	ID    [16]byte `cbor:"1,keyasint"`
	Paths []string `cbor:"2,keyasint,omitempty"`
	All   bool     `cbor:"3,keyasint,omitempty"`
}

type purged struct {
	ID      [16]byte `cbor:"1,keyasint"`
	Nothing bool     `cbor:"2,keyasint,omitempty"`
}

const (
	purgePaths  = 200     // in one message
	purgeOctets = 24_000  // of paths in one message
	askAgain    = 7 * day // of a purge nobody answered
	day         = 24 * 60 * 60 * 1000
)

// loss is an entry that somebody is to see no longer.
type loss struct {
	entry   *entry
	shown   string
	had     []seal.RelationID // were sent something of it: are asked to purge it
	blind   []seal.RelationID // could see that it is there
	deleted bool
}

// losses says who loses what when an entry becomes another.
func (l *Library) losses(old, fresh *entry, was, is []seal.RelationID) []loss {
	moved := old.path != fresh.path
	gone := func(id seal.RelationID) bool { return moved || !slices.Contains(is, id) }
	lost := loss{entry: old, shown: l.shown(old)}
	for _, id := range was {
		if gone(id) {
			lost.blind = append(lost.blind, id)
			if slices.Contains(old.sent, id) {
				lost.had = append(lost.had, id)
			}
		}
	}
	if lost.blind == nil {
		return nil
	}
	return []loss{lost}
}

// ask makes the receipts of what friends are to purge, and the messages.
func (l *Library) ask(lost []loss) ([]*write, []seal.Outgoing, error) {
	type heap struct{ deleted, hidden []string }
	heaps := map[seal.RelationID]*heap{}
	var order []seal.RelationID
	for _, x := range lost {
		for _, id := range x.had {
			if _, known := l.circle.friends[id]; !known {
				continue
			}
			h := heaps[id]
			if h == nil {
				h = &heap{}
				heaps[id], order = h, append(order, id)
			}
			name := publicPath(x.entry.app, x.shown)
			if x.deleted {
				h.deleted = append(h.deleted, name)
			} else {
				h.hidden = append(h.hidden, name)
			}
		}
	}
	if len(order) == 0 {
		return nil, nil, nil
	}
	group := make([]byte, 16)
	if _, err := io.ReadFull(l.rand, group); err != nil {
		return nil, nil, err
	}
	var ws []*write
	var out []seal.Outgoing
	for _, id := range order {
		h := heaps[id]
		for _, part := range append(pack(h.deleted, true), pack(h.hidden, false)...) {
			r := receipt{Friend: id, Paths: part.paths, Asked: l.now(), State: Asked, By: l.o.Device, Deleted: part.deleted}
			if _, err := io.ReadFull(l.rand, r.ID[:]); err != nil {
				return nil, nil, err
			}
			w, err := l.receiptVersion(receiptPrefix+hex.EncodeToString(group)+"/"+hex.EncodeToString(r.ID[:]), &r)
			if err != nil {
				return nil, nil, err
			}
			ws = append(ws, w)
			out = append(out, purgeMessage(&r))
		}
	}
	return ws, out, nil
}

func purgeMessage(r *receipt) seal.Outgoing {
	return seal.Outgoing{To: r.Friend, Kind: seal.Purge, ID: r.ID, Body: purge{ID: r.ID, Paths: r.Paths}}
}

type parcel struct {
	paths   []string
	deleted bool
}

// pack cuts paths into what fits into one message each.
func pack(paths []string, deleted bool) []parcel {
	var all []parcel
	for len(paths) > 0 {
		n, octets := 0, 0
		for n < len(paths) && n < purgePaths && (n == 0 || octets+len(paths[n]) <= purgeOctets) {
			octets += len(paths[n])
			n++
		}
		all = append(all, parcel{paths[:n], deleted})
		paths = paths[n:]
	}
	return all
}

func (l *Library) receiptVersion(key string, r *receipt) (*write, error) {
	value, err := seal.Marshal(r)
	if err != nil {
		return nil, err
	}
	return l.recordVersion(key, value)
}

// learnReceipt keeps a receipt in memory.
func (l *Library) learnReceipt(e *entry, value []byte) error {
	r := &receipt{}
	if err := seal.Unmarshal(value, r); err != nil {
		l.o.Log.Warn("a receipt cannot be read", "error", err)
		return nil
	}
	l.unlearnReceipt(e.path)
	l.receipts[e.path] = r
	if !r.Deleted {
		return nil
	}
	paths := l.buried[r.Friend]
	if paths == nil {
		paths = map[string]int{}
		l.buried[r.Friend] = paths
	}
	for _, p := range r.Paths {
		paths[p]++
	}
	return nil
}

func (l *Library) unlearnReceipt(key string) {
	r := l.receipts[key]
	if r == nil {
		return
	}
	delete(l.receipts, key)
	if !r.Deleted {
		return
	}
	for _, p := range r.Paths {
		if l.buried[r.Friend][p]--; l.buried[r.Friend][p] <= 0 {
			delete(l.buried[r.Friend], p)
		}
	}
}

// settlePurge takes a friend's word that they purged something. What another own
// device asked for may not have been heard of here yet: Tick looks again.
func (l *Library) settlePurge(from seal.RelationID, p purged) ([]seal.Outgoing, error) {
	out, found, err := l.settleOne(from, p)
	if !found && len(l.circle.line) > 0 && len(l.early) < mostEarly {
		l.early = append(l.early, earlyWord{from, p, l.now()})
	}
	return out, err
}

func (l *Library) settleOne(from seal.RelationID, p purged) (out []seal.Outgoing, found bool, err error) {
	for key, r := range l.receipts {
		if r.ID == p.ID && r.Friend == from && r.State != Confirmed {
			out, err = l.settleReceipts(map[string]PurgeState{key: Confirmed}, p.Nothing)
			return out, true, err
		}
	}
	return nil, false, nil
}

// earlyWord is a friend's word about a purge that nobody here knows of (yet).
type earlyWord struct {
	from seal.RelationID
	p    purged
	at   int64
}

// Bounds of words that are early: how many, and how long they are remembered.
const (
	mostEarly = 1024
	earlyTime = time.Hour
)

// settleEarly takes friends' words about purges that own devices told of meanwhile.
func (l *Library) settleEarly() (out []seal.Outgoing, err error) {
	words := l.early
	l.early = nil
	for _, w := range words {
		more, found, oneErr := l.settleOne(w.from, w.p)
		out, err = append(out, more...), errors.Join(err, oneErr)
		if !found && l.now()-w.at < earlyTime.Milliseconds() {
			l.early = append(l.early, w)
		}
	}
	return out, err
}

// settleReceipts notes states, and shreds groups that are complete.
func (l *Library) settleReceipts(states map[string]PurgeState, nothing bool) ([]seal.Outgoing, error) {
	var ws []*write
	groups := map[string]bool{}
	for key, state := range states {
		r := *l.receipts[key]
		r.State, r.Settled, r.Nothing = state, l.now(), nothing
		w, err := l.receiptVersion(key, &r)
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
		groups[groupOf(key)] = true
	}
	slices.SortFunc(ws, func(a, b *write) int { return strings.Compare(a.record.Path, b.record.Path) })
	out, err := l.change(ws)
	if err != nil {
		return nil, err
	}
	for group := range groups {
		more, err := l.close(group)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func groupOf(key string) string {
	g, _, _ := strings.Cut(strings.TrimPrefix(key, receiptPrefix), "/")
	return g
}

// close shreds a group whose last receipt came in.
func (l *Library) close(group string) ([]seal.Outgoing, error) {
	var doomed []*entry
	done := receipt{Settled: l.now(), By: l.o.Device, State: Confirmed}
	for key, r := range l.receipts {
		if groupOf(key) != group || strings.HasSuffix(key, doneSuffix) {
			continue
		}
		switch r.State {
		case Asked:
			return nil, nil
		case Confirmed:
			done.Reached++
		case Unreachable:
			done.Missed++
		}
		done.Asked = max(done.Asked, r.Asked)
		doomed = append(doomed, l.index.same(personApp, key)...)
	}
	if len(doomed) == 0 {
		return nil, nil
	}
	slices.SortFunc(doomed, compare)
	w, err := l.receiptVersion(receiptPrefix+group+doneSuffix, &done)
	if err != nil {
		return nil, err
	}
	out, err := l.change([]*write{w})
	if err != nil {
		return nil, err
	}
	more, err := l.delete(doomed)
	return append(out, more...), err
}

// Receipt is what became of asking one friend to purge something.
type Receipt struct {
	Group   string // of one deletion
	Friend  seal.RelationID
	Paths   []string
	Asked   int64 // ms since 1970
	State   PurgeState
	Settled int64
	Nothing bool // they had none of it any more
}

// Deletion is a deletion that was asked of friends.
type Deletion struct {
	Group       string
	Asked       int64
	Settled     int64 // 0 while somebody has not answered
	Confirmed   int
	Unreachable int
	Waiting     int
	// Receipts say who; they are shredded when the last came in.
	Receipts []Receipt
}

// Deletions are what friends were asked to purge, the newest first. The paths and
// names are shredded when all receipts are in; the counts are kept a while.
func (l *Library) Deletions() []Deletion {
	l.mu.RLock()
	defer l.mu.RUnlock()
	groups := map[string]*Deletion{}
	for key, r := range l.receipts {
		g := groupOf(key)
		d := groups[g]
		if d == nil {
			d = &Deletion{Group: g}
			groups[g] = d
		}
		d.Asked = max(d.Asked, r.Asked)
		if strings.HasSuffix(key, doneSuffix) {
			d.Settled, d.Confirmed, d.Unreachable = r.Settled, d.Confirmed+r.Reached, d.Unreachable+r.Missed
			continue
		}
		switch r.State {
		case Confirmed:
			d.Confirmed++
		case Unreachable:
			d.Unreachable++
		case Asked:
			d.Waiting++
		}
		d.Receipts = append(d.Receipts, Receipt{g, r.Friend, slices.Clone(r.Paths), r.Asked, r.State, r.Settled, r.Nothing})
	}
	all := make([]Deletion, 0, len(groups))
	for _, d := range groups {
		slices.SortFunc(d.Receipts, func(a, b Receipt) int { return strings.Compare(string(a.Friend[:]), string(b.Friend[:])) })
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b Deletion) int {
		if a.Asked != b.Asked {
			return int(b.Asked - a.Asked)
		}
		return strings.Compare(a.Group, b.Group)
	})
	return all
}

// Purge asks friends again to purge what they were sent of documents, without
// deleting these.
func (l *Library) Purge(app, name string, all bool) (int, []seal.Outgoing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lost []loss
	if e := l.index.find(app, name); e != nil && app != personApp {
		lost = append(lost, loss{entry: e, shown: l.shown(e), had: e.sent})
	}
	if all && app != personApp {
		l.index.each(app, below(name), func(e *entry, shown string) bool {
			lost = append(lost, loss{entry: e, shown: shown, had: e.sent})
			return true
		})
	}
	if len(lost) == 0 {
		return 0, nil, fault.New(fault.NotFound, "there is no document %s", name)
	}
	ws, out, err := l.ask(lost)
	if err != nil || len(ws) == 0 {
		return 0, nil, err
	}
	more, err := l.change(ws)
	return len(ws), append(more, out...), err
}

// remind asks again where nobody answered, and gives up in time.
func (l *Library) remind() ([]seal.Outgoing, error) {
	now := l.now()
	var out []seal.Outgoing
	late := map[string]PurgeState{}
	var old []*entry
	for _, key := range sortedKeys(l.receipts) {
		r := l.receipts[key]
		mine := r.By == l.o.Device || !l.knows(r.By)
		_, known := l.circle.friends[r.Friend]
		switch {
		case strings.HasSuffix(key, doneSuffix):
			if now-r.Settled > l.o.Receipts.Milliseconds() && mine {
				old = append(old, l.index.same(personApp, key)...)
			}
		case r.State != Asked || !mine:
		case !known || now-r.Asked > l.o.Receipts.Milliseconds():
			late[key] = Unreachable
		case r.unsure: // the process ended: perhaps before it was sent
			r.unsure = false
			out = append(out, purgeMessage(r))
		case now-max(r.Asked, r.reminded) > askAgain:
			r.reminded = now
			m := purgeMessage(r)
			m.ID = seal.MessageID{} // the relation remembers ids it has had
			out = append(out, m)
		}
	}
	if len(late) > 0 {
		more, err := l.settleReceipts(late, false)
		if err != nil {
			return out, err
		}
		out = append(out, more...)
	}
	more, err := l.delete(old)
	return append(out, more...), err
}

func (l *Library) knows(id seal.DeviceID) bool {
	return slices.ContainsFunc(l.circle.line, func(d Device) bool { return d.ID == id })
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
