package library_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
)

const aDay = 24 * time.Hour

// pass lets days go by, one after the other, for the devices that are on.
func (h *house) pass(days int, on ...int) {
	h.t.Helper()
	for range days {
		h.clock.advance(aDay)
		for _, i := range on {
			h.send(i, tick(h.t, h.libs[i]))
		}
		h.between(on...)
	}
}

// between delivers messages among the devices that are on, and loses the others
// as mailboxes do after a while.
func (h *house) between(on ...int) {
	h.t.Helper()
	is := map[int]bool{}
	for _, i := range on {
		is[i] = true
	}
	for n := 0; len(h.waiting) > 0; n++ {
		if n > 50_000 {
			h.t.Fatal("the devices do not stop talking")
		}
		l := h.waiting[0]
		h.waiting = h.waiting[1:]
		if is[l.to] {
			h.hand(l)
		}
	}
}

// backup copies a device's folder; restore puts it back.
func (h *house) backup(i int) string {
	h.t.Helper()
	h.reopen(i) // what is in the log is in the file
	dir := h.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(h.dirs[i])); err != nil {
		h.t.Fatal(err)
	}
	return dir
}

func (h *house) restore(i int, backup string) {
	h.t.Helper()
	if err := h.libs[i].Close(); err != nil {
		h.t.Fatal(err)
	}
	h.dirs[i] = h.t.TempDir()
	if err := os.CopyFS(h.dirs[i], os.DirFS(backup)); err != nil {
		h.t.Fatal(err)
	}
	h.starts++
	h.libs[i] = open(h.t, h.dirs[i], h.clock, h.names[i], func(o *library.Options) { o.Rand = seed(byte(100 + h.starts)) }, quick)
	h.send(i, h.libs[i].SetPeople(h.people(i)))
}

func (h *house) put(i int, path, content string) {
	h.t.Helper()
	_, out := put(h.t, h.libs[i], path, []byte(content), library.PutOptions{})
	h.send(i, out)
}

func (h *house) remove(i int, path string) {
	h.t.Helper()
	_, out, err := h.libs[i].Remove("", path, false)
	if err != nil {
		h.t.Fatal(err)
	}
	h.send(i, out)
}

func (h *house) wantPaths(want string) {
	h.t.Helper()
	h.wantSame()
	for i, l := range h.libs {
		var paths []string
		for _, x := range must[[]library.Item](h.t)(l.List(library.ListOptions{})) {
			paths = append(paths, x.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			h.t.Errorf("device %d has %q, want %q", i, got, want)
		}
	}
}

func TestADeviceThatWasAwayForAYearBringsNothingBack(t *testing.T) {
	h := newHouse(t, 3)
	for _, p := range []string{"deleted", "deleted by a device that is away", "edited", "kept", "edited and deleted"} {
		h.put(0, p, p)
	}
	h.put(2, "made there and deleted", "x")
	h.calm()
	h.pass(3, 0, 1, 2)
	h.wantSame()
	// From here on device 2 is alone.
	h.remove(0, "deleted")
	h.remove(1, "edited and deleted")
	h.remove(0, "made there and deleted")
	h.between(0, 1)
	h.clock.advance(time.Hour)
	h.put(2, "edited", "edited while away")
	h.put(2, "edited and deleted", "edited while away")
	h.put(2, "new", "made while away")
	h.remove(2, "deleted by a device that is away")
	h.between(0, 1)
	h.pass(365, 0, 1)
	if s := h.libs[0].Stats(); s.Graves > 1 {
		t.Errorf("%d deletions are remembered after a year", s.Graves)
	}
	for i := range h.libs {
		h.send(i, tick(t, h.libs[i]))
	}
	h.calm()
	h.meet()
	h.pass(2, 0, 1, 2)
	h.wantPaths("edited kept new")
	if got := read(t, h.libs[0], "edited"); string(got) != "edited while away" {
		t.Errorf("edited is %q", got)
	}
	for i, l := range h.libs {
		if s := l.Stats(); s.Doubtful {
			t.Errorf("device %d still doubts", i)
		}
	}
}

func TestWhatIsWrittenWithAClockThatWasPutBackIsKept(t *testing.T) {
	h := newHouse(t, 2)
	h.put(0, "old", "old")
	h.calm()
	h.pass(3, 0, 1)
	h.wantSame()
	h.clock.advance(-22 * time.Hour)
	h.put(1, "new", "written with the clock behind")
	h.calm()
	h.clock.advance(22 * time.Hour)
	h.pass(2, 0, 1)
	h.wantPaths("new old")
}

func TestARestoredDeviceBringsNothingBack(t *testing.T) {
	for _, away := range []int{0, 2, 200} {
		t.Run(fmt.Sprintf("%d days later", away), func(t *testing.T) {
			h := newHouse(t, 2)
			h.put(0, "deleted", "1")
			h.put(1, "made there and deleted", "2")
			h.put(0, "kept", "3")
			h.calm()
			h.pass(2, 0, 1)
			backup := h.backup(1)
			h.calm()
			h.remove(0, "deleted")
			h.remove(1, "made there and deleted")
			h.put(1, "new", "4")
			h.calm()
			h.pass(2+away, 0, 1)
			h.restore(1, backup)
			h.put(1, "newer", "5")
			h.calm()
			h.meet()
			h.pass(2, 0, 1)
			h.wantPaths("kept new newer")
		})
	}
}

// TestARestoredDeviceDoubtsAsSoonAsItHears: what a backup brought back is shown to
// nobody once another device has said a word.
func TestARestoredDeviceDoubtsAsSoonAsItHears(t *testing.T) {
	h := newHouse(t, 2)
	h.put(0, "secret", "1")
	h.calm()
	h.pass(1, 0, 1)
	backup := h.backup(1)
	h.calm()
	h.remove(0, "secret")
	h.put(1, "x", "2")
	h.calm()
	h.pass(2, 0, 1)
	h.restore(1, backup)
	h.waiting = nil
	h.send(0, h.libs[0].Sync(relation(1, 2)))
	h.hand(h.waiting[0])
	if _, err := h.libs[1].Stat("", "secret"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the document is shown: %v", err)
	}
}

// TestNothingDeletedComesBack has devices go away for months, come back, and be
// restored from backups at random, while things are made, edited and deleted. When
// all have met again, no document that was deleted is anywhere.
func TestNothingDeletedComesBack(t *testing.T) {
	for s := range uint64(10) {
		t.Run(fmt.Sprint("seed ", s), func(t *testing.T) {
			r := rand.New(rand.NewPCG(s, 9))
			n := 2 + int(s%2)
			h := newHouse(t, n)
			h.calm()
			h.pass(2, 0, 1)
			deleted := map[library.Handle]string{}
			backups, restored := map[int]string{}, false // one device: see docs/decisions/0035
			for range 40 {
				on := online(r, n)
				for range 6 {
					h.clock.advance(time.Duration(1+r.IntN(3600)) * time.Second)
					h.vary(r, r.IntN(n), deleted)
				}
				h.between(on...)
				switch k := r.IntN(8); {
				case k < 3:
					h.pass(1+r.IntN(3), on...)
				case k == 3:
					h.pass(100, on...)
				case k == 4:
					i := r.IntN(n)
					backups[i] = h.backup(i)
				case k == 5:
					if i := r.IntN(n); backups[i] != "" && !restored {
						restored = true
						// What a device alone knew is lost with it, deletions too.
						h.calm()
						h.meet()
						h.restore(i, backups[i])
					}
				}
			}
			h.calm()
			h.meet()
			all := online(nil, n)
			h.pass(3, all...)
			h.wantSame()
			for i, l := range h.libs {
				for _, x := range must[[]library.Item](t)(l.List(library.ListOptions{})) {
					if how, ok := deleted[x.Handle]; ok {
						t.Errorf("device %d has %s, which was %s", i, x.Path, how)
					}
				}
			}
		})
	}
}

func online(r *rand.Rand, n int) []int {
	var on []int
	for i := range n {
		if r == nil || r.IntN(3) > 0 {
			on = append(on, i)
		}
	}
	return on
}

// vary makes, edits or deletes one document.
func (h *house) vary(r *rand.Rand, i int, deleted map[library.Handle]string) {
	l := h.libs[i]
	items := must[[]library.Item](h.t)(l.List(library.ListOptions{}))
	if len(items) == 0 || r.IntN(3) == 0 {
		h.put(i, fmt.Sprintf("new %x", r.Uint32()), "1")
		return
	}
	x := items[r.IntN(len(items))]
	if r.IntN(2) == 0 {
		_, out, err := l.Put(context.Background(), x.Path, strings.NewReader(fmt.Sprint(r.Uint64())), library.PutOptions{})
		if err != nil {
			h.t.Fatal(err)
		}
		h.send(i, out)
		return
	}
	deleted[x.Handle] = fmt.Sprintf("deleted on device %d at %s", i, h.clock.now().Format(time.DateTime))
	h.remove(i, x.Path)
}
