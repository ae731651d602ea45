package pack_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine/ipfs/pack"
)

func open(t *testing.T, dir string) *pack.Store {
	t.Helper()
	s, err := pack.Open(pack.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func block(i int) (pack.Key, []byte) {
	data := bytes.Repeat(fmt.Append(nil, i, " "), 50+i%7)
	return sha256.Sum256(data), data
}

func fill(t *testing.T, p *pack.Pack, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		k, data := block(i)
		if err := p.Put(k, data, i%10 == 0); err != nil {
			t.Fatal(err)
		}
	}
}

// has demands the blocks from..to, whole.
func has(t *testing.T, p *pack.Pack, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		k, want := block(i)
		if got, _, err := p.Get(k); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("block %d: %d bytes, %v", i, len(got), err)
		}
	}
}

func get(t *testing.T, s *pack.Store, name string) *pack.Pack {
	t.Helper()
	p, err := s.Pack(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBlocksSurviveClosing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	p := get(t, s, "a")
	fill(t, p, 0, 1000)
	has(t, p, 0, 1000)
	before := p.Usage()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Get(pack.Key{}); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	p = get(t, open(t, dir), "a")
	has(t, p, 0, 1000)
	if after := p.Usage(); after != before || after.Blocks != 1000 {
		t.Errorf("usage %+v, before closing %+v", after, before)
	}
}

// TestACrashLosesOnlyWhatWasNotFlushed takes copies of the folder as it was at
// any moment, with torn ends, and opens them.
func TestACrashLosesOnlyWhatWasNotFlushed(t *testing.T) {
	dir := t.TempDir()
	p := get(t, open(t, dir), "a")
	fill(t, p, 0, 100)
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	fill(t, p, 100, 200) // data without index
	index, data := read(t, dir, "index"), read(t, dir, "data")
	for _, cut := range []int{0, 1, 30, 51} {
		crashed := t.TempDir()
		write(t, crashed, "index", append(bytes.Clone(index[:100*52]), index[:cut]...))
		write(t, crashed, "data", data)
		q := get(t, open(t, crashed), "a")
		has(t, q, 0, 100)
		if u := q.Usage(); u.Blocks != 100 {
			t.Errorf("%d blocks after a crash, not 100", u.Blocks)
		}
		fill(t, q, 90, 300)
		has(t, q, 0, 300)
	}
	// Data that never reached the disk: its records are not believed.
	crashed := t.TempDir()
	write(t, crashed, "index", index[:100*52])
	write(t, crashed, "data", data[:len(data)/4])
	q := get(t, open(t, crashed), "a")
	has(t, q, 0, 40)
	if k, _ := block(99); find(q, k) {
		t.Error("a block beyond the end of the data is found")
	}
}

func find(p *pack.Pack, k pack.Key) bool { _, ok := p.Find(k); return ok }

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "a", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveGivesDiskBackAndEndsReads(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	p := get(t, s, "a")
	fill(t, p, 0, 100)
	if err := s.Remove("a"); err != nil {
		t.Fatal(err)
	}
	k, data := block(1)
	if _, _, err := p.Get(k); err == nil {
		t.Error("a removed pack is read")
	}
	if err := p.Put(k, data, false); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a removed pack is written: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left on disk: %v, %v", left, err)
	}
	if err := s.Remove("a"); err != nil {
		t.Errorf("removing what is not there: %v", err)
	}
	for _, name := range []string{"", ".", "..", "../a", ".draft-1"} {
		if _, err := s.Pack(name); err == nil {
			t.Errorf("a pack called %q opens", name)
		}
	}
}

// draft publishes two files with one block in common.
func draft(t *testing.T, s *pack.Store, folder string) {
	t.Helper()
	d, err := s.Draft()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Abort()
	k1, b1 := block(1)
	k2, b2 := block(2)
	for n, data := range [][]byte{append(bytes.Clone(b1), b2...), b1} {
		name := filepath.Join(folder, fmt.Sprint(n))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		d.Refer(k1, n, 0, len(b1))
		if n == 0 {
			d.Refer(k2, n, int64(len(b1)), len(b2))
		}
		d.AddFile(pack.File{Path: name, Size: info.Size(), ModTime: info.ModTime()})
	}
	k3, b3 := block(3)
	if err := d.Put(k3, b3); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit("a", []byte("meta")); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedFileIsNotServed(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	draft(t, open(t, dir), folder)
	p := get(t, open(t, dir), "a")
	has(t, p, 1, 4)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(folder, "0"), later, later); err != nil {
		t.Fatal(err)
	}
	has(t, p, 1, 2) // it is in the other file as well
	if k, _ := block(2); find(p, k) {
		if _, _, err := p.Get(k); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a block of a changed file: %v", err)
		}
	}
	fill(t, p, 2, 3) // it came from a peer
	has(t, p, 1, 4)
	if err := os.Remove(filepath.Join(folder, "1")); err != nil {
		t.Fatal(err)
	}
	if k, _ := block(1); find(p, k) {
		if _, _, err := p.Get(k); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a block of a removed file: %v", err)
		}
	}
}

// TestADraftTakesThePlaceOfAnOpenPack publishes what was fetched before, while
// somebody reads and writes it.
func TestADraftTakesThePlaceOfAnOpenPack(t *testing.T) {
	s := open(t, t.TempDir())
	p := get(t, s, "a")
	fill(t, p, 0, 10)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 200 {
				k, want := block(1000 + 200*i + j)
				if err := p.Put(k, want, false); err != nil {
					t.Error(err)
				}
				if got, _, err := p.Get(k); err == nil && !bytes.Equal(got, want) {
					t.Error("wrong bytes of a block put while the pack was replaced")
				}
			}
		})
	}
	draft(t, s, t.TempDir())
	wg.Wait()
	has(t, p, 1, 4)
	if meta, err := p.Meta(); err != nil || string(meta) != "meta" {
		t.Errorf("meta %q, %v", meta, err)
	}
}

// FuzzIndex opens packs whose index is anything.
func FuzzIndex(f *testing.F) {
	dir := f.TempDir()
	s, err := pack.Open(pack.Options{Dir: dir})
	if err != nil {
		f.Fatal(err)
	}
	p, err := s.Pack("a")
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		k, data := block(i)
		if err := p.Put(k, data, false); err != nil {
			f.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "a", "index"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:100])
	f.Add(bytes.Repeat([]byte{0xff}, 104))
	f.Fuzz(func(t *testing.T, index []byte) {
		dir := t.TempDir()
		write(t, dir, "index", index)
		write(t, dir, "data", make([]byte, 500))
		p := get(t, open(t, dir), "a")
		for at := 0; at+52 <= len(index); at += 52 {
			if data, e, err := p.Get(pack.Key(index[at : at+32])); err == nil && (len(data) != e.Len || e.Len > 500) {
				t.Fatalf("%d bytes of an extent of %d", len(data), e.Len)
			}
		}
		k, data := block(9)
		if err := p.Put(k, data, false); err != nil {
			t.Fatal(err)
		}
		has(t, p, 9, 10)
	})
}

func TestSavedIsWhatACrashLeaves(t *testing.T) {
	s, err := pack.Open(pack.Options{Dir: t.TempDir(), FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := get(t, s, "a")
	fill(t, p, 0, 100)
	if u := p.Saved(); u.Blocks != 0 || u.Content != 0 || u.Nodes != 0 {
		t.Errorf("nothing was flushed, and saved is %+v", u)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	want := p.Usage()
	if u := p.Saved(); u != want {
		t.Errorf("saved %+v after a flush of %+v", u, want)
	}
	fill(t, p, 100, 150)
	if u := p.Saved(); u.Blocks != 100 || u.Content != want.Content || u.Nodes != want.Nodes {
		t.Errorf("saved %+v, want the %+v flushed", u, want)
	}
}
