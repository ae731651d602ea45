package library_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
)

func TestWhatIsPutIsThereAgain(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	bodies := map[string][]byte{
		"empty": {}, "notes/a.txt": []byte("short"), "exact": noise(4096, 1), "one more": noise(4097, 2),
		"chunk": noise(64<<10, 3), "chunk and one": noise(64<<10+1, 4), "long/ü/1.bin": noise(1<<20+77, 5),
	}
	for path, b := range bodies {
		item, _ := put(t, l, path, b, library.PutOptions{Labels: []string{"x", "a", "x"}})
		if item.Path != path || item.Size != int64(len(b)) || strings.Join(item.Labels, " ") != "a x" || !item.Here {
			t.Errorf("put %s: %+v", path, item)
		}
	}
	check := func() {
		t.Helper()
		for path, b := range bodies {
			if got := read(t, l, path); !bytes.Equal(got, b) {
				t.Errorf("%s: %d octets, not what was put", path, len(got))
			}
		}
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, c, 1)
	check()
	items := must[[]library.Item](t)(l.List(library.ListOptions{Folder: "notes"}))
	if len(items) != 1 || items[0].Path != "notes/a.txt" || !strings.HasPrefix(items[0].Type, "text/plain") {
		t.Errorf("list: %+v", items)
	}
}

func TestRangesOfABody(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	content := noise(300_000, 1)
	put(t, l, "x", content, library.PutOptions{})
	_, b, err := l.Get("", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, at := range []int64{0, 1, 65535, 65536, 131_072, 299_999, 200_000, 5} {
		if _, err := b.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, min(70_000, len(content)-int(at)))
		if _, err := io.ReadFull(b, buf); err != nil || !bytes.Equal(buf, content[at:int(at)+len(buf)]) {
			t.Errorf("from %d: %v", at, err)
		}
	}
	if end, err := b.Seek(0, io.SeekEnd); end != int64(len(content)) || err != nil {
		t.Errorf("end at %d, %v", end, err)
	}
}

func TestConditionsOfPut(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	ctx := context.Background()
	first, _ := put(t, l, "x", []byte("1"), library.PutOptions{IfNoneMatch: "*"})
	_, _, err := l.Put(ctx, "x", strings.NewReader("2"), library.PutOptions{IfNoneMatch: "*"})
	wantKind(t, err, fault.Conflict)
	_, _, err = l.Put(ctx, "y", strings.NewReader("2"), library.PutOptions{IfMatch: "*"})
	wantKind(t, err, fault.Conflict)
	put(t, l, "x", []byte("2"), library.PutOptions{IfMatch: first.Tag()})
	_, _, err = l.Put(ctx, "x", strings.NewReader("3"), library.PutOptions{IfMatch: first.Tag()})
	wantKind(t, err, fault.Conflict)
	if got := read(t, l, "x"); string(got) != "2" {
		t.Errorf("x is %q", got)
	}
}

// failing ends with an error after some octets.
type failing struct{ n int }

func (f *failing) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, errors.New("the sender went away")
	}
	n := min(len(p), f.n)
	f.n -= n
	return n, nil
}

func TestAPartOfABodyIsNeverADocument(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, newClock(), 1)
	put(t, l, "x", []byte("old"), library.PutOptions{})
	for _, n := range []int{0, 10, 5000, 200_000} {
		if _, _, err := l.Put(context.Background(), "x", &failing{n}, library.PutOptions{}); err == nil {
			t.Errorf("%d octets of a body that was cut were taken", n)
		}
	}
	if got := read(t, l, "x"); string(got) != "old" {
		t.Errorf("x is %q", got)
	}
	if files := must[[]string](t)(filepath.Glob(filepath.Join(dir, "bodies", "*", "*"))); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestPathsThatAreRefused(t *testing.T) {
	l := open(t, t.TempDir(), newClock(), 1)
	for _, path := range []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\x00b", "a\nb", "\xff", ".own/x", ".app/x/y",
		strings.Repeat("a", 256), strings.Repeat("a/", 600) + "a",
	} {
		_, _, err := l.Put(context.Background(), path, strings.NewReader(""), library.PutOptions{})
		wantKind(t, err, fault.Invalid)
	}
}

func TestAnotherKeyOpensNothing(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	l := open(t, dir, c, 1)
	put(t, l, "x", []byte("1"), library.PutOptions{})
	_ = l.Close()
	_, err := library.Open(library.Options{Dir: dir, Key: make([]byte, 32), Device: deviceID(1)})
	wantKind(t, err, fault.Forbidden)
}

func TestABodyThatWasChangedOnDiskIsNotServed(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, newClock(), 1)
	put(t, l, "x", noise(200_000, 1), library.PutOptions{})
	files := must[[]string](t)(filepath.Glob(filepath.Join(dir, "bodies", "*", "*")))
	if len(files) != 1 {
		t.Fatalf("files: %v", files)
	}
	data := must[[]byte](t)(os.ReadFile(files[0]))
	data[70_000] ^= 1
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, b, err := l.Get("", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got, err := io.ReadAll(b)
	wantKind(t, err, fault.Corrupt)
	if len(got) != 64<<10 {
		t.Errorf("%d octets before the damage was seen", len(got))
	}
}

func TestRecordsOfThePerson(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	r := open(t, dir, c, 1).Records()
	if _, err := r.Put(map[string][]byte{"a/1": []byte("one"), "a/2": noise(20_000, 1), "b": {}}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Put(map[string][]byte{"a/1": []byte("uno")}, []string{"b", "c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Put(map[string][]byte{"z": make([]byte, 49<<10)}, nil); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("a record of 49 KiB: %v", err)
	}
	if got := must[[]byte](t)(r.Get("a/1")); string(got) != "uno" {
		t.Errorf("a/1 is %q", got)
	}
	_, err := r.Get("b")
	wantKind(t, err, fault.NotFound)
	var keys []string
	err = r.Each("a/", func(key string, _ []byte) error {
		keys = append(keys, key)
		_, err := r.Get(key) // the library is not locked
		return err
	})
	if strings.Join(keys, " ") != "a/1 a/2" || err != nil {
		t.Errorf("each: %v, %v", keys, err)
	}
	if _, err := r.Put(map[string][]byte{"b": []byte("again")}, nil); err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(r.Get("b")); string(got) != "again" {
		t.Errorf("b is %q", got)
	}
}
