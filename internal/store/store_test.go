package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/store"
)

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func bucket(t testing.TB, s *store.Store, name string) *store.Bucket {
	t.Helper()
	b, err := s.Bucket(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keys(t testing.TB, b *store.Bucket, prefix string) []string {
	t.Helper()
	var out []string
	if err := b.Each(prefix, func(key string, _ []byte) error {
		out = append(out, key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsPutIsGot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := bucket(t, s, "sites")
	values := map[string][]byte{
		"a": []byte("1"), "": []byte("empty key"), "nothing": {}, "\x00\xff\x80": {0, 0xff, 0},
		strings.Repeat("k", 5000): bytes.Repeat([]byte("v"), 1<<20),
	}
	for k, v := range values {
		if err := b.Put(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put("a", []byte("2")); err != nil {
		t.Fatal(err)
	}
	values["a"] = []byte("2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b = bucket(t, open(t, dir), "sites")
	for k, want := range values {
		if got, err := b.Get(k); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Get(%.10q) = %.10q, %v; want %.10q", k, got, err, want)
		}
	}
	if got := len(keys(t, b, "")); got != len(values) {
		t.Errorf("%d keys, want %d", got, len(values))
	}
}

func TestAbsentKeys(t *testing.T) {
	b := bucket(t, open(t, t.TempDir()), "x")
	if _, err := b.Get("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get: %v, want fs.ErrNotExist", err)
	}
	if err := b.Delete("absent"); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func TestBucketsAreApart(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := bucket(t, s, "one"), bucket(t, s, "two")
	if err := one.Put("k", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Get("k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("two sees what is in one: %v", err)
	}
	if again := bucket(t, s, "one"); again != one {
		t.Error("the same name gives another bucket")
	}
	if _, err := s.Bucket(""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("Bucket(\"\"): %v", err)
	}
}

func TestEachGoesInKeyOrderWithinItsPrefix(t *testing.T) {
	b := bucket(t, open(t, t.TempDir()), "x")
	puts := map[string][]byte{}
	for _, k := range []string{"a", "ab", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xffz", "A", "aB"} {
		puts[k] = []byte(k)
	}
	if err := b.Apply(puts, nil); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"":         {"A", "a", "aB", "ab", "a\xff", "a\xff\xff", "b", "\xff", "\xff\xffz"},
		"a":        {"a", "aB", "ab", "a\xff", "a\xff\xff"},
		"a\xff":    {"a\xff", "a\xff\xff"},
		"\xff":     {"\xff", "\xff\xffz"},
		"\xff\xff": {"\xff\xffz"},
		"c":        nil,
	} {
		if got := keys(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("Each(%q) = %q, want %q", prefix, got, want)
		}
	}
}

func TestEachStopsAtAnErrorAndAllowsReads(t *testing.T) {
	b := bucket(t, open(t, t.TempDir()), "x")
	if err := b.Apply(map[string][]byte{"a": nil, "b": nil, "c": nil}, nil); err != nil {
		t.Fatal(err)
	}
	stop, seen := errors.New("stop"), 0
	err := b.Each("", func(key string, _ []byte) error {
		if _, err := b.Get(key); err != nil {
			return err
		}
		if seen++; seen == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 2 {
		t.Errorf("err %v after %d entries", err, seen)
	}
}

func TestApplyDeletesThenPuts(t *testing.T) {
	b := bucket(t, open(t, t.TempDir()), "x")
	if err := b.Apply(map[string][]byte{"keep": []byte("1"), "drop": []byte("1")}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Apply(map[string][]byte{"keep": []byte("2"), "new": nil}, []string{"drop", "keep", "absent"}); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, b, ""); !slices.Equal(got, []string{"keep", "new"}) {
		t.Errorf("keys %q", got)
	}
}

func TestManyWritersAndReaders(t *testing.T) {
	b := bucket(t, open(t, t.TempDir()), "x")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("%d/%02d", w, i)
				if err := b.Put(key, []byte(key)); err != nil {
					t.Error(err)
				}
				if got, err := b.Get(key); err != nil || string(got) != key {
					t.Errorf("Get(%s) = %s, %v", key, got, err)
				}
			}
			if err := b.Apply(nil, []string{fmt.Sprintf("%d/00", w)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(keys(t, b, "")); got != 8*49 {
		t.Errorf("%d keys, want %d", got, 8*49)
	}
}

func TestDeletedValuesLeaveTheFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := bucket(t, s, "x")
	secret := []byte("a sentence that nobody shall find again")
	if err := b.Put("k", secret); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete("k"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, secret) {
			t.Errorf("%s still holds a deleted value", f.Name())
		}
	}
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	dir := t.TempDir()
	s := open(t, dir)
	if err := bucket(t, s, "x").Put("k", nil); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v; want the database and its log", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestAFolderWithAnOddName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a ?b#c%20d & ü")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := bucket(t, open(t, dir), "x").Put("k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		t.Error(err)
	}
}

func TestADamagedFileSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.FileName)
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(dir)
	if fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), path) || fault.Hint(err) == "" {
		t.Errorf("Open: %v (kind %s, hint %q)", err, fault.KindOf(err), fault.Hint(err))
	}
}

func TestADamagedPageIsCorruptWhenItIsRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := bucket(t, s, "x")
	puts := map[string][]byte{}
	for i := range 200 {
		puts[fmt.Sprint(i)] = bytes.Repeat([]byte{1}, 1000)
	}
	if err := b.Apply(puts, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, store.FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 5 * 4096; i < len(data); i++ {
		data[i] = 0xa5
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	err = bucket(t, s, "x").Each("", func(string, []byte) error { return nil })
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("Each: %v (kind %s)", err, fault.KindOf(err))
	}
}

func TestAClosedStoreFails(t *testing.T) {
	s := open(t, t.TempDir())
	b := bucket(t, s, "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Put("k", nil); err == nil {
		t.Error("Put works after Close")
	}
	if _, err := b.Get("k"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get after Close: %v", err)
	}
}
