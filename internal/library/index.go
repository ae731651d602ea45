package library

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/kith-web/kith/internal/library/reconcile"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// entry is what is kept in memory of an item: all that is searched, none of the
// keys.
type entry struct {
	handle   Handle
	rev      Revision
	by       seal.DeviceID
	slot     int64
	seq      uint64 // of the last change on this device
	app      string
	path     string
	ctype    string
	size     int64
	labels   []string
	aud      *audience
	created  int64
	modified int64
	used     int64
	here     bool
	sent     []seal.RelationID
	names    bool // of the body's file: it has one when it is here and not inline
}

// audience is shared by all entries that have the same.
type audience struct {
	Audience
	n int // among all
}

// grave is a tombstone.
type grave struct {
	rev   Revision
	by    seal.DeviceID
	until int64
	seq   uint64
	out   bool // over its time: kept for by alone, in no comparison
}

// index is everything that is searched.
type index struct {
	byHandle map[Handle]*entry
	byPath   []*entry // by app, path, newest first
	graves   map[Handle]*grave
	set      *reconcile.Set
	texts    map[string]string
	auds     map[string]*audience
}

func newIndex() *index {
	return &index{
		byHandle: map[Handle]*entry{}, graves: map[Handle]*grave{}, set: reconcile.New(),
		texts: map[string]string{}, auds: map[string]*audience{},
	}
}

func element(h Handle, r Revision) (e reconcile.Element) {
	copy(e[:], h[:])
	copy(e[16:], r[:])
	return e
}

// text returns the one copy of a string that many entries have.
func (x *index) text(s string) string {
	if known, ok := x.texts[s]; ok {
		return known
	}
	s = strings.Clone(s)
	x.texts[s] = s
	return s
}

func (x *index) audience(a Audience) *audience {
	text := make([]byte, 0, 2+16*(len(a.Friends)+len(a.Lists)))
	text = append(text, byte(a.Reach), byte(len(a.Lists)))
	for _, h := range a.Lists {
		text = append(text, h[:]...)
	}
	for _, id := range a.Friends {
		text = append(text, id[:]...)
	}
	if known, ok := x.auds[string(text)]; ok {
		return known
	}
	shared := &audience{a, len(x.auds)}
	x.auds[string(text)] = shared
	return shared
}

func compare(a, b *entry) int {
	if c := strings.Compare(a.app, b.app); c != 0 {
		return c
	}
	if c := strings.Compare(a.path, b.path); c != 0 {
		return c
	}
	return strings.Compare(string(b.rev[:]), string(a.rev[:])) // the newest first
}

// load adds an entry; sort has to follow.
func (x *index) load(e *entry) {
	x.byHandle[e.handle] = e
	x.byPath = append(x.byPath, e)
	x.set.Add(element(e.handle, e.rev))
}

func (x *index) sort() { slices.SortFunc(x.byPath, compare) }

func (x *index) place(e *entry) int {
	return sort.Search(len(x.byPath), func(i int) bool { return compare(x.byPath[i], e) >= 0 })
}

func (x *index) add(e *entry) {
	x.byHandle[e.handle] = e
	x.byPath = slices.Insert(x.byPath, x.place(e), e)
	x.set.Add(element(e.handle, e.rev))
}

func (x *index) remove(e *entry) {
	delete(x.byHandle, e.handle)
	if i := x.place(e); i < len(x.byPath) && x.byPath[i] == e {
		x.byPath = slices.Delete(x.byPath, i, i+1)
	}
	x.set.Remove(element(e.handle, e.rev))
}

func (x *index) bury(h Handle, g *grave) {
	if old := x.graves[h]; old != nil && !old.out {
		x.set.Remove(element(h, old.rev))
	}
	x.graves[h] = g
	if !g.out {
		x.set.Add(element(h, g.rev))
	}
}

func (x *index) unbury(h Handle) {
	if old := x.graves[h]; old != nil && !old.out {
		x.set.Remove(element(h, old.rev))
	}
	delete(x.graves, h)
}

// from returns where in byPath a path, or what begins with it, begins.
func (x *index) from(app, path string) int {
	return sort.Search(len(x.byPath), func(i int) bool {
		e := x.byPath[i]
		return e.app > app || e.app == app && e.path >= path
	})
}

// each calls f for every entry below a folder ("" or one that ends in a slash),
// with the name it is shown by, until f says false.
func (x *index) each(app, folder string, f func(e *entry, shown string) bool) {
	var last *entry
	for i := x.from(app, folder); i < len(x.byPath); i++ {
		e := x.byPath[i]
		if e.app != app || !strings.HasPrefix(e.path, folder) {
			return
		}
		shown := e.path
		if last != nil && last.path == e.path {
			shown = other(e)
		}
		last = e
		if !f(e, shown) {
			return
		}
	}
}

// other is how an item is shown whose path a newer one has.
func other(e *entry) string { return fmt.Sprintf("%s~%x", e.path, e.handle[:4]) }

// find returns the entry that is shown as path; nil when there is none.
func (x *index) find(app, path string) *entry {
	if i := x.from(app, path); i < len(x.byPath) && x.byPath[i].app == app && x.byPath[i].path == path {
		return x.byPath[i]
	}
	const suffix = len("~12345678")
	cut := len(path) - suffix
	if cut < 1 || path[cut] != '~' {
		return nil
	}
	for i := x.from(app, path[:cut]) + 1; i < len(x.byPath); i++ {
		e := x.byPath[i]
		if e.app != app || e.path != path[:cut] {
			return nil
		}
		if other(e) == path {
			return e
		}
	}
	return nil
}

// entryOf makes what is kept in memory of a record.
func (x *index) entryOf(r *record, s stored, slot int64) *entry {
	labels := make([]string, len(r.Labels))
	for i, label := range r.Labels {
		labels[i] = x.text(label)
	}
	if len(labels) == 0 {
		labels = nil
	}
	return &entry{
		handle: r.Handle, rev: r.Revision, by: r.By, slot: slot, seq: s.Seq,
		app: x.text(r.App), path: strings.Clone(r.Path), ctype: x.text(r.Type), size: r.Size, labels: labels,
		aud: x.audience(r.Audience), created: r.Created, modified: r.Modified, here: s.Here,
		names: s.Here && !isInline(r),
	}
}

// stored is the sealed row of an item; its inline body is beside it.
type stored struct {
	Record record `cbor:"1,keyasint"`
	Seq    uint64 `cbor:"2,keyasint"`
	Here   bool   `cbor:"3,keyasint"`
}

// The kinds of rows.
const (
	rowItem  = 1
	rowGone  = 2
	rowDraft = 3
)

func rowOf(s stored, used int64, sent []seal.RelationID) (vault.Row, error) {
	s.Record.Inline = nil
	meta, err := seal.Marshal(s)
	if err != nil {
		return vault.Row{}, err
	}
	row := vault.Row{Kind: rowItem, Name: vault.Name(s.Record.Handle), Meta: meta, Used: used}
	if len(sent) > 0 {
		if row.Note, err = seal.Marshal(sent); err != nil {
			return vault.Row{}, err
		}
	}
	return row, nil
}
