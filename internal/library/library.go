package library

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// Library is an open library. It is safe for concurrent use.
type Library struct {
	o      Options
	rand   io.Reader
	bodies string // the folder of body files

	mu     sync.RWMutex
	vault  *vault.Vault
	index  *index
	circle circle
	clock  clock
	seq    uint64 // of the last change
	erased uint64 // of the newest deletion that is remembered no more

	peers    map[seal.DeviceID]*peer
	given    map[seal.RelationID]uint64 // who has a cursor, and since when
	gone     []*gone
	receipts map[string]*receipt // by record key
	early    []earlyWord
	lists    lists
	cursor   []byte                             // key of cursors
	none     *entry                             // what absent paths are compared with: nobody may see it
	left     []string                           // files of bodies that could not be removed yet
	broken   int                                // rows that do not open
	buried   map[seal.RelationID]map[string]int // paths that were purged, by who had them
	resets   []reset
	watchers map[int]func(Event)
	fetching map[Handle]chan struct{} // closed when it is done
	nextID   int
	drafts   []*draft
}

const tables = `
CREATE TABLE IF NOT EXISTS grave (handle BLOB PRIMARY KEY, revision BLOB NOT NULL, maker BLOB NOT NULL,
	until INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
`

// Open opens the library in o.Dir and creates it when it is missing. What a
// killed process left half done is finished first: keys that no item has are
// overwritten, bodies that none has removed. The error is fault.Forbidden when the key is
// another one.
func Open(o Options) (*Library, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Library{
		o: o, rand: &lockedReader{r: o.Rand}, bodies: filepath.Join(o.Dir, "bodies"), index: newIndex(),
		circle: newCircle(People{}), peers: map[seal.DeviceID]*peer{}, given: map[seal.RelationID]uint64{},
		receipts: map[string]*receipt{}, buried: map[seal.RelationID]map[string]int{}, lists: newLists(), watchers: map[int]func(Event){}, fetching: map[Handle]chan struct{}{},
	}
	l.none = &entry{aud: l.index.audience(Audience{})}
	if err := os.MkdirAll(l.bodies, 0o700); err != nil {
		return nil, fmt.Errorf("open the library: %w", err)
	}
	l.vault, err = vault.Open(vault.Options{Dir: o.Dir, Name: "library", Key: o.Key, Rand: l.rand, Schema: tables, Quick: o.Quick})
	if err != nil {
		return nil, fmt.Errorf("open the library: %w", err)
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the library: %w", err), l.vault.Close())
	}
	return l, nil
}

// Close closes the library.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.closeDrafts(), l.vault.Close())
}

// lockedReader lets bodies be sealed beside one another.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Read(p)
}

// load reads everything that is searched into memory.
func (l *Library) load() error {
	if err := l.loadGraves(); err != nil {
		return err
	}
	keep := map[string]bool{}
	var records []*entry
	err := l.vault.Scan(func(r vault.Row) error {
		switch r.Kind {
		case rowGone:
			return l.loadGone(r)
		case rowDraft:
			return l.loadDraft(r)
		}
		e, name, err := l.loadItem(r)
		if err != nil {
			return err
		}
		if old := l.index.byHandle[e.handle]; old != nil {
			return fault.New(fault.Corrupt, "the library has two rows of one item").WithHint("put a backup of the library there")
		}
		keep[name], keep[name+".part"] = e.names, !e.here // a body that is being fetched
		l.index.load(e)
		if e.app == personApp {
			records = append(records, e)
		}
		return nil
	}, func(b vault.Broken) {
		l.o.Log.Error("an item of the library does not open", "slot", b.Slot, "error", b.Err)
		l.broken++
	})
	if err != nil {
		return err
	}
	l.index.sort()
	if err := l.loadState(); err != nil {
		return err
	}
	for _, e := range records {
		if err := l.learn(e); err != nil {
			return err
		}
	}
	for _, r := range l.receipts {
		r.unsure = true
	}
	if err := l.settleDrafts(keep); err != nil {
		return err
	}
	return l.sweep(keep)
}

func (l *Library) loadItem(r vault.Row) (*entry, string, error) {
	var s stored
	if err := seal.Unmarshal(r.Meta, &s); err != nil {
		return nil, "", fault.New(fault.Corrupt, "an item of the library cannot be read: %w", err)
	}
	e := l.index.entryOf(&s.Record, s, r.Slot)
	e.used = r.Used
	if r.Note != nil {
		if err := seal.Unmarshal(r.Note, &e.sent); err != nil {
			return nil, "", fault.New(fault.Corrupt, "an item of the library cannot be read: %w", err)
		}
	}
	return e, body.FileName(s.Record.Key), nil
}

func (l *Library) loadGraves() error {
	rows, err := l.vault.Query(`SELECT handle, revision, maker, until, seq FROM grave`)
	if err != nil {
		return err
	}
	defer rows.Close()
	now := l.now()
	for rows.Next() {
		var handle, rev, by []byte
		var g grave
		if err := rows.Scan(&handle, &rev, &by, &g.until, &g.seq); err != nil {
			return err
		}
		var h Handle
		copy(h[:], handle)
		copy(g.rev[:], rev)
		copy(g.by[:], by)
		g.out = g.until <= now
		l.index.bury(h, &g)
	}
	return rows.Err()
}

// state is what is kept besides items; sealed under the master key.
type state struct {
	Clock  Revision `cbor:"1,keyasint"`
	Seq    uint64   `cbor:"2,keyasint"`
	Erased uint64   `cbor:"3,keyasint"`
}

func (l *Library) loadState() error {
	var s state
	if err := l.getState("clock", &s); err != nil {
		return err
	}
	l.clock, l.seq, l.erased = clock{device: l.o.Device, last: s.Clock}, s.Seq, s.Erased
	var peers []*peer
	if err := l.getState("peers", &peers); err != nil {
		return err
	}
	for _, p := range peers {
		l.peers[p.Device] = p
	}
	var given []given
	if err := l.getState("given", &given); err != nil {
		return err
	}
	for _, g := range given {
		l.given[g.Relation] = g.From
	}
	if err := l.getState("resets", &l.resets); err != nil {
		return err
	}
	err := l.getState("cursor", &l.cursor)
	if err != nil || l.cursor != nil {
		return err
	}
	l.cursor = make([]byte, 32)
	if _, err := io.ReadFull(l.rand, l.cursor); err != nil {
		return err
	}
	b := l.vault.Begin()
	if err := setState(b, "cursor", l.cursor); err != nil {
		return err
	}
	return b.Commit()
}

func (l *Library) getState(name string, v any) error {
	data, err := l.vault.Get(name)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return seal.Unmarshal(data, v)
}

func setState(b *vault.Batch, name string, v any) error {
	data, err := seal.Marshal(v)
	if err != nil {
		return err
	}
	b.Set(name, data)
	return nil
}

// begin starts a batch; commit ends it with clock and sequence.
func (l *Library) begin() *vault.Batch { return l.vault.Begin() }

func (l *Library) commit(b *vault.Batch) error {
	if err := setState(b, "clock", state{l.clock.last, l.seq, l.erased}); err != nil {
		return err
	}
	return b.Commit()
}

// sweep removes bodies that no item has, unfinished ones included.
func (l *Library) sweep(keep map[string]bool) error {
	folders, err := os.ReadDir(l.bodies)
	if err != nil {
		return err
	}
	for _, d := range folders {
		files, err := os.ReadDir(filepath.Join(l.bodies, d.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			if name := filepath.Join(d.Name(), f.Name()); !keep[name] {
				if err := os.Remove(filepath.Join(l.bodies, name)); err != nil {
					return fmt.Errorf("remove a body that nothing has: %w", err)
				}
			}
		}
	}
	return nil
}

// discard removes the file of a body; one that is being read on a system that
// does not allow it is tried again by Tick.
func (l *Library) discard(key []byte) {
	path := filepath.Join(l.bodies, body.FileName(key))
	if err := body.Remove(path); err != nil {
		l.left = append(l.left, path)
	}
}

func (l *Library) now() int64 { return l.o.Now().UnixMilli() }

// clock is the hybrid logical clock of this device.
type clock struct {
	device seal.DeviceID
	last   Revision
}

// next makes a revision that is newer than all that were seen.
func (c *clock) next(now int64) Revision {
	t, n := c.last.Time(), uint32(binary.BigEndian.Uint16(c.last[6:8]))+1
	if now > t {
		t, n = now, 0
	}
	if n > 0xffff {
		t, n = t+1, 0
	}
	return c.set(t, uint16(n))
}

// pass steps the clock on, and returns a time that every revision so far is older
// than, and none that is still to be made. The time of day does not do for that: it
// may be put back.
func (c *clock) pass() int64 {
	return c.set(c.last.Time()+1, 0).Time()
}

func (c *clock) set(t int64, n uint16) Revision {
	var r Revision
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t))
	copy(r[:6], b[2:])
	binary.BigEndian.PutUint16(r[6:], n)
	copy(r[8:], c.device[:])
	c.last = r
	return r
}

// see learns of a revision of another device.
func (c *clock) see(r Revision) {
	if string(c.last[:8]) < string(r[:8]) {
		c.last = r
	}
}
