package vault

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // BEP 3
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// four is a torrent of one file of four pieces.
func four(t *testing.T) *metafile.Meta {
	t.Helper()
	p := metafile.NewPlan("site", false, []string{"file"}, []int64{3<<14 + 100})
	m, err := metafile.ParseInfo(p.Info(make([]byte, sha1.Size*p.Pieces())), metafile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Pieces != 4 {
		t.Fatalf("%d pieces", m.Pieces)
	}
	return m
}

func open(t *testing.T, o Options) *Vault {
	t.Helper()
	v, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// store puts piece i into the vault as the wire library does.
func store(t *testing.T, v *Vault, i int) []byte {
	t.Helper()
	data := bytes.Repeat([]byte{byte('a' + i)}, int(v.o.Meta.PieceSize(i)))
	if _, err := v.Piece(i).WriteAt(data, 0); err != nil {
		t.Fatal(err)
	}
	if v.Has(i) {
		t.Errorf("piece %d is there before it was verified", i)
	}
	if err := v.Piece(i).MarkComplete(); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOnlyVerifiedPiecesAreRead(t *testing.T) {
	v := open(t, Options{Path: filepath.Join(t.TempDir(), "x"), Meta: four(t)})
	changed := v.Changed()
	want := store(t, v, 1)
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the piece")
	}
	got := make([]byte, 10)
	if _, err := v.ReadAt(got, 1<<14); err != nil || !bytes.Equal(got, want[:10]) {
		t.Errorf("ReadAt = %q, %v", got, err)
	}
	if n, err := v.ReadAt(make([]byte, 1<<15), 1<<14); n != 1<<14 || !errors.Is(err, ErrMissing) {
		t.Errorf("over the end of what is there: %d, %v", n, err)
	}
	var out bytes.Buffer
	if n, err := v.WriteTo(&out, 1<<14, v.o.Meta.Span); n != 1<<14 || err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
	if v.Missing(0, 1<<14) != 0 || v.Missing(1<<14, 1<<15) != -1 || v.Count() != 1 {
		t.Error("it is said wrongly which pieces are there")
	}
	if err := v.Piece(1).MarkNotComplete(); err != nil || v.Has(1) {
		t.Errorf("a piece that turned out bad is still there, %v", err)
	}
}

// A kill loses nothing; a power cut loses what was not on the disk itself.
func TestKillAndPowerCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	o := Options{Path: path, Meta: four(t)}
	v := open(t, o)
	store(t, v, 0)
	v.sync() // as it happens by itself a little later
	store(t, v, 1)
	killed, err := os.ReadFile(path + ".bits")
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(bootID())) > 0 {
		if again := open(t, o); !again.Has(0) || !again.Has(1) || again.Has(2) {
			t.Error("after a kill the pieces are not those that were verified")
		}
	}
	copy(killed[len(bitsMagic):], "another time the computer was started")
	copy(killed[len(bitsMagic)+bootLength:], []byte{0, 0, 0, 4})
	if err := os.WriteFile(path+".bits", killed, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := open(t, o); !again.Has(0) || again.Has(1) {
		t.Error("after a power cut the pieces are not those that were on the disk")
	}
}

func TestClosingMakesAllSafe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	o := Options{Path: path, Meta: four(t)}
	v := open(t, o)
	store(t, v, 3)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.ReadAt(make([]byte, 1), 3<<14); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt after Close: %v", err)
	}
	data, err := os.ReadFile(path + ".bits")
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(bitsMagic):], "another time the computer was starte")
	if err := os.WriteFile(path+".bits", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if !open(t, o).Has(3) {
		t.Error("a piece is gone after a clean end and a restart of the computer")
	}
}

// Damaged bits are no bits, and a blob that lost its end has no pieces there.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	o := Options{Path: path, Meta: four(t)}
	v := open(t, o)
	store(t, v, 0)
	store(t, v, 3)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path+".data", 1<<14); err != nil {
		t.Fatal(err)
	}
	if v := open(t, o); !v.Has(0) || v.Has(3) {
		t.Error("pieces are there that the file does not hold")
	}
	for _, rubbish := range []string{"", "x", "kith bits 1\n", string(make([]byte, 1000))} {
		if err := os.WriteFile(path+".bits", []byte(rubbish), 0o600); err != nil {
			t.Fatal(err)
		}
		if v := open(t, o); v.Count() != 0 {
			t.Errorf("%d pieces from damaged bits", v.Count())
		}
	}
}

// A published file is read in place until it changes.
func TestFolder(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, "file")
	m := four(t)
	data := bytes.Repeat([]byte("published"), int(m.Size)/9+1)[:m.Size]
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan int, 1)
	var told []string
	v := open(t, Options{
		Path: filepath.Join(t.TempDir(), "x"), Meta: m, Folder: root, OnLost: func(_, end int) { lost <- end },
		OnError: func(err error) { told = append(told, err.Error()) },
		Files:   []SourceFile{{Path: "file", Size: m.Size, ModTime: info.ModTime().UnixNano()}},
	})
	got := make([]byte, m.Size)
	if _, err := v.ReadAt(got, 0); err != nil || !bytes.Equal(got, data) || v.Count() != 4 || v.Stored() != 0 {
		t.Fatalf("ReadAt: %v; %d pieces, %d stored", err, v.Count(), v.Stored())
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(name, later, later); err != nil {
		t.Fatal(err)
	}
	if n, err := v.ReadAt(got, 0); !errors.Is(err, ErrMissing) {
		t.Fatalf("a changed file was read: %d, %v", n, err)
	}
	if end := <-lost; end != 4 || v.Count() != 0 {
		t.Errorf("lost pieces up to %d, %d are left", end, v.Count())
	}
	if len(told) != 1 || !strings.Contains(told[0], `"file" changed`) {
		t.Errorf("told %q", told)
	}
	store(t, v, 0) // as it comes from a peer that has it
	if !v.Has(0) || v.Count() != 1 {
		t.Error("a piece that a peer sent is not there")
	}
}
