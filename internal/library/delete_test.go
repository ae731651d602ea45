package library_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/sqlite"
)

// trace is something that may or may not be on a disk.
type trace struct {
	what   string
	octets []byte
}

// disk reads every file below a folder, raw.
func disk(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = append([]byte(path+"\x00"), data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func search(t testing.TB, dir string, traces []trace, want bool) {
	t.Helper()
	files := disk(t, dir)
	for _, x := range traces {
		found := ""
		for path, data := range files {
			if bytes.Contains(data, x.octets) {
				found = filepath.Base(path)
			}
		}
		if (found != "") != want {
			t.Errorf("%s: in %q, want it found: %v", x.what, found, want)
		}
	}
}

// clear are the forms in which a text could stand on a disk.
func clear(what, text string) []trace {
	b := []byte(text)
	utf16 := make([]byte, 0, 2*len(b))
	for _, c := range b {
		utf16 = append(utf16, c, 0)
	}
	return []trace{{what, b}, {what + " in UTF-16", utf16}, {what + " in hexadecimal", []byte(hex.EncodeToString(b))}}
}

// sealedTraces are what is on disk of items: their rows, their wrapped keys, the
// beginning of their bodies. Without the wrapped key nothing opens the rest.
func sealedTraces(t testing.TB, dir string, items ...library.Handle) []trace {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(dir, "library.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "library.keys")))
	var all []trace
	for _, h := range items {
		var slot int
		var meta, extra []byte
		if err := db.QueryRow(`SELECT slot, meta, extra FROM row WHERE name = ?`, h[:]).Scan(&slot, &meta, &extra); err != nil {
			t.Fatal(err)
		}
		all = append(all, trace{"a sealed item", meta[:48]}, trace{"a wrapped key", keys[slot*64 : slot*64+60]})
		if extra != nil {
			all = append(all, trace{"a sealed inline body", extra[:min(48, len(extra))]})
		}
	}
	return all
}

func bodyTraces(t testing.TB, dir string) []trace {
	t.Helper()
	var all []trace
	for _, f := range must[[]string](t)(filepath.Glob(filepath.Join(dir, "bodies", "*", "*"))) {
		data := must[[]byte](t)(os.ReadFile(f))
		all = append(all, trace{"a sealed body", data[:64]}, trace{"a body's name", []byte(filepath.Base(f))})
	}
	return all
}

// recorder remembers the randomness that keys are made of.
type recorder struct {
	r    io.Reader
	keys [][]byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if len(p) == 32 {
		r.keys = append(r.keys, bytes.Clone(p))
	}
	return n, err
}

// TestDeletedIsGoneFromTheDisk searches every file below the library's folder, raw,
// for what was deleted, replaced, moved or told to be no longer needed (spec §6.5).
func TestDeletedIsGoneFromTheDisk(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	rec := &recorder{r: seed(1)}
	l := open(t, dir, c, 1, func(o *library.Options) { o.Rand = rec })
	l.SetPeople(library.People{Friends: friends(1, 2).Friends, Devices: []library.Device{{Relation: id(9), ID: deviceID(9)}}})
	var never []trace
	for what, text := range map[string]string{
		"the path": "MARKER-path-5e1f", "the label": "MARKER-label-77c0", "the type": "x/MARKER-type-90aa",
		"a body": "MARKER-body-inline-1234", "a long body": "MARKER-body-long-98765", "a record": "MARKER-record-0042",
	} {
		never = append(never, clear(what, text)...)
	}
	put(t, l, "keep", []byte("this stays"), library.PutOptions{})
	small, _ := put(t, l, "MARKER-path-5e1f/small", []byte("MARKER-body-inline-1234"), library.PutOptions{
		Labels: []string{"MARKER-label-77c0"}, Type: "x/MARKER-type-90aa", Audience: to(library.All),
	})
	big, _ := put(t, l, "MARKER-path-5e1f/big", bytes.Repeat([]byte("MARKER-body-long-98765"), 9000), library.PutOptions{Audience: to(library.Some, 1)})
	if _, err := l.Records().Put(map[string][]byte{"MARKER-record-0042": []byte("MARKER-record-0042")}, nil); err != nil {
		t.Fatal(err)
	}
	list(t, l, 1, "/")
	for _, name := range []string{"small", "big"} {
		if a := ask(t, l, 1, "/MARKER-path-5e1f/"+name); a.status != 200 {
			t.Fatalf("asking for %s: %d", name, a.status)
		}
	}
	sealed := append(sealedTraces(t, dir, small.Handle, big.Handle), bodyTraces(t, dir)...)
	search(t, dir, sealed, true) // the search finds what is there
	_, out, err := l.Remove("", "MARKER-path-5e1f", true)
	if err != nil {
		t.Fatal(err)
	}
	if count(out, seal.Purge, id(1)) != 1 || count(out, seal.Purge, id(2)) != 0 || count(out, seal.Items, id(9)) == 0 {
		t.Errorf("told: %+v", out)
	}
	if _, err := l.Records().Put(nil, []string{"MARKER-record-0042"}); err != nil {
		t.Fatal(err)
	}
	search(t, dir, append(sealed, never...), false)
	for _, k := range rec.keys {
		search(t, dir, []trace{{"a key in the clear", k}}, false)
	}
	// The paths are kept, sealed, for the receipts; with the last they are gone, too.
	if a := ask(t, l, 1, "/MARKER-path-5e1f/big"); a.status != 410 {
		t.Errorf("somebody who had it: %d", a.status)
	}
	if a := ask(t, l, 2, "/MARKER-path-5e1f/small"); a.status != 404 {
		t.Errorf("somebody who had not: %d", a.status)
	}
	before := l.Stats()
	settle(t, l, 1, out)
	if d := l.Deletions(); len(d) != 1 || d[0].Confirmed != 1 || d[0].Settled == 0 || d[0].Receipts != nil {
		t.Errorf("deletions: %+v", d)
	}
	if a := ask(t, l, 1, "/MARKER-path-5e1f/big"); a.status != 404 {
		t.Errorf("after the receipt: %d", a.status)
	}
	if after := l.Stats(); after.Documents != 1 || after.Graves <= before.Graves {
		t.Errorf("left: %+v", after)
	}
	search(t, dir, append(sealed, never...), false)
	_ = l.Close()
	search(t, dir, append(sealed, never...), false)
}

// settle answers the purges that a friend was sent.
func settle(t testing.TB, l *library.Library, friend byte, out []seal.Outgoing) []seal.Outgoing {
	t.Helper()
	var more []seal.Outgoing
	for _, o := range out {
		if o.Kind != seal.Purge || o.To != id(friend) {
			continue
		}
		body := must[[]byte](t)(seal.Marshal(map[int]any{1: o.ID[:]}))
		for range 2 { // twice is once
			m, err := l.Handle(id(friend), seal.Message{Kind: seal.Purged, Body: body})
			if err != nil {
				t.Fatal(err)
			}
			more = append(more, m...)
		}
	}
	return more
}

// TestReplacedBodiesAreGoneToo: a document that is written anew leaves nothing of
// what it was.
func TestReplacedBodiesAreGoneToo(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, newClock(), 1)
	small, _ := put(t, l, "small", []byte("one"), library.PutOptions{})
	big, _ := put(t, l, "big", noise(100_000, 1), library.PutOptions{})
	old := append(sealedTraces(t, dir, small.Handle, big.Handle), bodyTraces(t, dir)...)
	put(t, l, "small", noise(100_000, 2), library.PutOptions{})
	put(t, l, "big", []byte("two"), library.PutOptions{})
	_ = l.Close() // folds the log back
	search(t, dir, old, false)
}

func TestReceipts(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	p := friends(1, 2, 3)
	l.SetPeople(p)
	put(t, l, "x", []byte("1"), library.PutOptions{Audience: to(library.All)})
	for n := range byte(3) {
		ask(t, l, n+1, "/x")
	}
	if x := must[library.Item](t)(l.Stat("", "x")); x.Sent != 3 {
		t.Errorf("sent to %d", x.Sent)
	}
	_, out, err := l.Remove("", "x", false)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[seal.MessageID]bool{}
	for _, o := range out {
		if o.Kind == seal.Purge {
			ids[o.ID] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("friends were told %d ids, want one of their own each", len(ids))
	}
	settle(t, l, 1, out)
	body := must[[]byte](t)(seal.Marshal(map[int]any{1: out[0].ID[:]}))
	if _, err := l.Handle(id(2), seal.Message{Kind: seal.Purged, Body: body}); err != nil { // another's receipt
		t.Fatal(err)
	}
	want := func(confirmed, unreachable, waiting int) {
		t.Helper()
		d := l.Deletions()
		if len(d) != 1 || d[0].Confirmed != confirmed || d[0].Unreachable != unreachable || d[0].Waiting != waiting {
			t.Errorf("deletions: %+v", d)
		}
	}
	want(1, 0, 2)
	if r := l.Deletions()[0].Receipts; len(r) != 3 || strings.Join(r[1].Paths, "") != "x" || r[0].State != library.Confirmed || r[1].State != library.Asked {
		t.Errorf("receipts: %+v", r)
	}
	c.advance(8 * 24 * time.Hour)
	again := tick(t, l)
	if count(again, seal.Purge, id(1)) != 0 || count(again, seal.Purge, id(2)) != 1 || count(tick(t, l), seal.Purge, id(2)) != 0 {
		t.Errorf("asked again: %+v", again)
	}
	_ = l.Close()
	l = open(t, dir, c, 1, func(o *library.Options) { o.Rand = seed(50) })
	p.Friends = p.Friends[:2] // the third is a friend no more
	l.SetPeople(p)
	tick(t, l)
	want(1, 1, 1)
	if a := ask(t, l, 2, "/x"); a.status != 410 {
		t.Errorf("who has not answered: %d", a.status)
	}
	c.advance(23 * 24 * time.Hour)
	tick(t, l)
	want(1, 2, 0)
	if d := l.Deletions(); d[0].Receipts != nil || d[0].Settled == 0 {
		t.Errorf("settled: %+v", d)
	}
	c.advance(31 * 24 * time.Hour)
	tick(t, l)
	if d := l.Deletions(); len(d) != 0 {
		t.Errorf("kept for ever: %+v", d)
	}
}

const killedHome = "KITH_TEST_KILLED_LIBRARY"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedHome); dir != "" {
		workUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func workUntilKilled(dir string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	l, err := library.Open(library.Options{Dir: dir, Key: make([]byte, 32), Device: deviceID(1)})
	check(err)
	l.SetPeople(library.People{Devices: []library.Device{{Relation: id(9), ID: deviceID(9)}}})
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), i)
		_, _, err := l.Put(context.Background(), name, bytes.NewReader(noise(6000, byte(i))), library.PutOptions{})
		check(err)
		fmt.Println("put", name)
		if i%2 == 0 {
			_, _, err = l.Remove("", name, false)
			check(err)
			fmt.Println("removed", name)
		}
	}
}

// TestAKilledProcessDeletesForGood kills a process that stores and deletes at
// random moments. What it said was stored is whole, what it said was deleted is
// gone, and what it was at is one or the other, on disk too.
func TestAKilledProcessDeletesForGood(t *testing.T) {
	dir := t.TempDir()
	there, gone := map[string]bool{}, map[string]bool{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killedHome+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n, last := 0, 10+r.IntN(20); lines.Scan(); n++ {
			what, name, _ := strings.Cut(lines.Text(), " ")
			there[name], gone[name] = what == "put", what == "removed"
			if n == last {
				go func(wait time.Duration) { // in the middle of something
					<-time.After(wait)
					_ = cmd.Process.Kill()
				}(time.Duration(r.IntN(8000)) * time.Microsecond)
			}
		}
		_ = cmd.Wait()
		checkAfterKill(t, dir, there, gone)
	}
}

func checkAfterKill(t *testing.T, dir string, there, gone map[string]bool) {
	t.Helper()
	l, err := library.Open(library.Options{Dir: dir, Key: make([]byte, 32), Device: deviceID(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name := range there {
		if !there[name] {
			continue
		}
		if _, err := l.Stat("", name); fault.KindOf(err) == fault.NotFound {
			if last := name[len(name)-1]; last%2 == 1 {
				t.Errorf("%s was stored, never deleted, and is lost", name)
			}
			continue // its deletion was under way
		}
		if got := read(t, l, name); len(got) != 6000 {
			t.Errorf("%s has %d octets", name, len(got))
		}
	}
	for name := range gone {
		if _, err := l.Stat("", name); gone[name] && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s was deleted and is there: %v", name, err)
		}
	}
	items := must[[]library.Item](t)(l.List(library.ListOptions{}))
	bodies := must[[]string](t)(filepath.Glob(filepath.Join(dir, "bodies", "*", "*")))
	keys := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "library.keys")))
	used := 0
	for at := 0; at+64 <= len(keys); at += 64 {
		if !bytes.Equal(keys[at:at+64], make([]byte, 64)) {
			used++
		}
	}
	if len(bodies) != len(items) || used != len(items) {
		t.Errorf("%d documents, %d files of bodies, %d keys", len(items), len(bodies), used)
	}
}
