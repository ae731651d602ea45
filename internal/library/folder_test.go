package library_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

func TestAFolderInAndOut(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	l.SetPeople(library.People{Friends: friends(1).Friends, Devices: []library.Device{{Relation: id(9), ID: deviceID(9)}}})
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	from := fstest.MapFS{
		"a.txt":         {Data: []byte("a"), ModTime: at},
		"sub/b.bin":     {Data: noise(100_000, 1), ModTime: at},
		"sub/CON.txt":   {Data: []byte("c"), ModTime: at},
		"sub/x:y?.txt":  {Data: []byte("d"), ModTime: at},
		".git/config":   {Data: []byte("e"), ModTime: at},
		"sub/.hidden":   {Data: []byte("f"), ModTime: at},
		"link":          {Data: []byte("a.txt"), Mode: os.ModeSymlink, ModTime: at},
		"bad\nname.txt": {Data: []byte("g"), ModTime: at},
	}
	o := library.ImportOptions{To: "in", Audience: to(library.All), Labels: []string{"l"}}
	p, out, err := l.Import(context.Background(), from, o)
	if fault.KindOf(err) != fault.Partial || len(p.Failed) != 1 || p.Files != 4 || p.Octets != 100_003 || p.Same != 0 {
		t.Errorf("import: %+v, %v", p, err)
	}
	if count(out, seal.Changed, id(1)) != 1 || count(out, seal.Items, id(9)) != 4 {
		t.Errorf("told: %d, %d", count(out, seal.Changed, id(1)), count(out, seal.Items, id(9)))
	}
	delete(from, "bad\nname.txt")
	from["a.txt"] = &fstest.MapFile{Data: []byte("A"), ModTime: at.Add(time.Second)}
	if p, _, err = l.Import(context.Background(), from, o); err != nil || p.Files != 4 || p.Same != 3 {
		t.Errorf("import again: %+v, %v", p, err)
	}
	dir := t.TempDir()
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "trap")); err != nil {
		t.Fatal(err)
	}
	put(t, l, "in/trap/x", []byte("x"), library.PutOptions{})
	p, err = l.Export(context.Background(), "", "in", dir, nil)
	if fault.KindOf(err) != fault.Partial || p.Files != 4 || strings.Join(p.Failed, "") != "in/trap/x" {
		t.Errorf("export: %+v, %v", p, err)
	}
	if files := must[[]os.DirEntry](t)(os.ReadDir(outside)); len(files) != 0 {
		t.Errorf("written through a link: %v", files)
	}
	for name, want := range map[string]string{"a.txt": "A", "sub/%43ON.txt": "c", "sub/x%3Ay%3F.txt": "d"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if info := must[os.FileInfo](t)(os.Stat(filepath.Join(dir, "sub/%43ON.txt"))); !info.ModTime().Equal(at) {
		t.Errorf("its time is %s", info.ModTime())
	}
	if p, _ = l.Export(context.Background(), "", "in", dir, nil); p.Same != 4 {
		t.Errorf("export again: %+v", p)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Export(ctx, "", "in", t.TempDir(), nil); fault.KindOf(err) != fault.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestChangesForTheOwner(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	var events []string
	end := l.Watch(func(e library.Event) { events = append(events, e.Path+e.Record) })
	put(t, l, "a", nil, library.PutOptions{})
	seq := l.Seq()
	put(t, l, "b", nil, library.PutOptions{})
	put(t, l, "a", []byte("1"), library.PutOptions{})
	if _, err := l.Records().Put(map[string][]byte{"r": nil}, nil); err != nil {
		t.Fatal(err)
	}
	changes, next := l.Changes(seq, 0)
	if len(changes) != 2 || changes[0].Item.Path != "b" || changes[1].Item.Path != "a" || next != l.Seq() {
		t.Errorf("changes: %+v", changes)
	}
	if changes, next = l.Changes(seq, 1); len(changes) != 1 || next != changes[0].Seq {
		t.Errorf("one change: %+v, %d", changes, next)
	}
	if _, _, err := l.Remove("", "b", false); err != nil {
		t.Fatal(err)
	}
	end()
	put(t, l, "c", nil, library.PutOptions{})
	if got := strings.Join(events, " "); got != "a b a r b" {
		t.Errorf("events: %s", got)
	}
}

func TestRemovingAFolder(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	for _, p := range []string{"f/1", "f/2", "f2", "g"} {
		put(t, l, p, noise(5000, 1), library.PutOptions{})
	}
	_, _, err := l.Remove("", "f", false)
	wantKind(t, err, fault.Conflict)
	_, _, err = l.Remove("", "nothing", true)
	wantKind(t, err, fault.NotFound)
	if n, _, err := l.Remove("", "f", true); n != 2 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	if s := l.Stats(); s.Documents != 2 || s.Graves != 0 {
		t.Errorf("left: %+v", s)
	}
}
