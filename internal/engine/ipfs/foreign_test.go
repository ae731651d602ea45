package ipfs_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/storage"
	"github.com/multiformats/go-multihash"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// forge makes DAGs that no honest program writes.
type forge struct {
	t    *testing.T
	list []blocks.Block
}

func (f *forge) add(codec uint64, data []byte) unixfs.Link {
	f.t.Helper()
	mh, err := multihash.Sum(data, multihash.SHA2_256, -1)
	if err != nil {
		f.t.Fatal(err)
	}
	c := cid.NewCidV1(codec, mh)
	b, err := blocks.NewBlockWithCid(data, c)
	if err != nil {
		f.t.Fatal(err)
	}
	f.list = append(f.list, b)
	return unixfs.Link{CID: c, Size: uint64(len(data))}
}

func (f *forge) node(block []byte) (unixfs.Link, error) { return f.add(cid.DagProtobuf, block), nil }

// folder writes a folder of links.
func (f *forge) folder(links map[string]unixfs.Link) unixfs.Link {
	f.t.Helper()
	var list []unixfs.Link
	for name, l := range links {
		l.Name = name
		list = append(list, l)
	}
	l, err := unixfs.EncodeFolder(list, f.node)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// symlink writes a symbolic link.
func (f *forge) symlink(target string) unixfs.Link {
	msg := append([]byte{0x08, byte(unixfs.Symlink)}, protowire.AppendBytes([]byte{0x12}, []byte(target))...)
	return f.add(cid.DagProtobuf, protowire.AppendBytes([]byte{0x0a}, msg))
}

// leaf writes a file as old programs do: a node with the bytes in it, and a
// mode and a time (UnixFS 1.5).
func (f *forge) leaf(data string) unixfs.Link {
	msg := append([]byte{0x08, byte(unixfs.File)}, protowire.AppendBytes([]byte{0x12}, []byte(data))...)
	msg = append(msg, 0x18, byte(len(data)), 0x38, 0xed, 0x03, 0x42, 2, 0x08, 100)
	return f.add(cid.DagProtobuf, protowire.AppendBytes([]byte{0x0a}, msg))
}

// open imports everything made so far as one CAR and opens the site at root.
func (f *forge) open(e *ipfs.Engine, root unixfs.Link) (engine.Site, error) {
	f.t.Helper()
	var file bytes.Buffer
	out, err := storage.NewWritable(&file, []cid.Cid{root.CID}, car.WriteAsCarV1(true))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, b := range f.list {
		if err := out.Put(f.t.Context(), b.Cid().KeyString(), b.RawData()); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := out.Finalize(); err != nil {
		f.t.Fatal(err)
	}
	roots, err := e.ImportCAR(f.t.Context(), &file)
	if err != nil || len(roots) != 1 {
		f.t.Fatalf("import: %v, %v", roots, err)
	}
	s, err := e.Open(f.t.Context(), roots[0])
	if err == nil {
		f.t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func TestACARIsASite(t *testing.T) {
	f := &forge{t: t}
	top := f.folder(map[string]unixfs.Link{
		"old.txt": f.leaf("old"),
		"deep":    f.folder(map[string]unixfs.Link{"new.txt": f.add(cid.Raw, []byte("new"))}),
		"to-old":  f.symlink("deep/../old.txt"),
		"to-deep": f.symlink("./deep"),
		"out":     f.symlink("../../etc/passwd"),
		"root":    f.symlink("/etc/passwd"),
		"loop":    f.symlink("loop"),
		"nothing": f.symlink("is/here"),
	})
	s, err := f.open(isolated(t), top)
	if err != nil {
		t.Fatal(err)
	}
	fsys := s.FS(t.Context())
	if err := fstest.TestFS(fsys, "old.txt", "deep/new.txt", "to-old"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"old.txt": "old", "to-old": "old", "to-deep/new.txt": "new"} {
		if got, err := fs.ReadFile(fsys, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"out", "root", "loop", "nothing"} {
		if _, err := fs.Stat(fsys, name); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v; want it not to be there", name, err)
		}
	}
	info, err := fs.Stat(fsys, "old.txt")
	if err != nil || info.Mode() != 0o555&0o755 || info.ModTime().Unix() != 100 {
		t.Errorf("old.txt: %v, %v", info, err)
	}
}

// TestFilesThatLieAreRefused tries files whose parts are not what they say.
func TestFilesThatLieAreRefused(t *testing.T) {
	f := &forge{t: t}
	small, folder := f.add(cid.Raw, []byte("four")), f.folder(nil)
	file := func(sizes []uint64, links ...unixfs.Link) unixfs.Link {
		return f.add(cid.DagProtobuf, unixfs.EncodeFile(links, sizes))
	}
	deep := file([]uint64{4}, small)
	for range 200 {
		deep = file([]uint64{4}, deep)
	}
	s, err := f.open(isolated(t), f.folder(map[string]unixfs.Link{
		"longer":  file([]uint64{4, 9}, small, small),
		"shorter": file([]uint64{4, 2}, small, small),
		"inner":   file([]uint64{4, 7}, small, file([]uint64{4}, small)),
		"folder":  file([]uint64{4, 4}, small, folder),
		"huge":    file([]uint64{1 << 59}, small),
		"deep":    deep,
		"good":    file([]uint64{4, 4}, small, small),
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"longer", "shorter", "inner", "folder", "huge", "deep"} {
		data, err := readSome(s.FS(t.Context()), name)
		if kind := fault.KindOf(err); kind != fault.Corrupt && kind != fault.TooLarge {
			t.Errorf("%s: %q, %v (%s)", name, data, err, kind)
		}
	}
	if data, err := fs.ReadFile(s.FS(t.Context()), "good"); err != nil || string(data) != "fourfour" {
		t.Errorf("good: %q, %v", data, err)
	}
}

// readSome reads a file without trusting its size.
func readSome(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// TestAllThatWasReadIsStored reads every file of a site that nobody completes.
func TestAllThatWasReadIsStored(t *testing.T) {
	f := &forge{t: t}
	root := f.folder(map[string]unixfs.Link{
		"a": f.leaf("a file"), "sub": f.folder(map[string]unixfs.Link{"b": f.leaf("another")}),
	})
	e := isolated(t)
	s, err := f.open(e, root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "sub/b"} {
		if _, err := readSome(s.FS(t.Context()), name); err != nil {
			t.Fatal(err)
		}
	}
	if st, _ := e.Stats(s.Address()); st.Stored != st.Total {
		t.Errorf("%d of %d bytes", st.Stored, st.Total)
	}
}

// TestABombIsCountedOnce completes a DAG that names its only file 64^8 times.
func TestABombIsCountedOnce(t *testing.T) {
	f := &forge{t: t}
	l := f.add(cid.Raw, []byte("boom"))
	for range 8 {
		links := map[string]unixfs.Link{}
		for i := range 64 {
			links[fmt.Sprint(i)] = l
		}
		l = f.folder(links)
	}
	e := isolated(t)
	s, err := f.open(e, l)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st, _ := e.Stats(s.Address()); st.Files != 1<<48 || st.Have != 9 || st.Stored != st.Total {
		t.Errorf("%d files of %d blocks, %d of %d bytes", st.Files, st.Have, st.Stored, st.Total)
	}
}

func TestWhatIsNoSiteIsRefused(t *testing.T) {
	for what, make := range map[string]func(*forge) unixfs.Link{
		"a symbolic link":    func(f *forge) unixfs.Link { return f.symlink("a") },
		"rubbish":            func(f *forge) unixfs.Link { return f.add(cid.DagProtobuf, []byte("rubbish")) },
		"a name that climbs": func(f *forge) unixfs.Link { return f.folder(map[string]unixfs.Link{"..": f.leaf("x")}) },
	} {
		f := &forge{t: t}
		root := make(f)
		if _, err := f.open(isolated(t), root); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v; want %s", what, err, fault.Corrupt)
		}
	}
}

func TestBadCARsAreRefused(t *testing.T) {
	e := isolated(t)
	for what, data := range map[string][]byte{
		"nothing":      {},
		"text":         []byte("this is not a CAR"),
		"a huge claim": {0xff, 0xff, 0xff, 0xff, 0x7f},
	} {
		if roots, err := e.ImportCAR(t.Context(), bytes.NewReader(data)); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v, %v", what, roots, err)
		}
	}
}

// TestLargeFolders publishes a folder that must be sharded and a file of two
// levels' worth of blocks is left to unixfs's own tests; a second engine lists
// it and finds names one by one.
func TestLargeFolders(t *testing.T) {
	files := map[string][]byte{}
	for i := range 3500 {
		files[fmt.Sprintf("a folder/entry number %d, with a name that takes some room.txt", i)] = fmt.Append(nil, i)
	}
	from := isolated(t)
	dir := t.TempDir()
	enginetest.Write(t, dir, files)
	a, _ := enginetest.Publish(t, from, dir, engine.DraftOptions{})
	s, err := from.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, listFirst := range []bool{true, false} {
		e := isolated(t)
		connect(t, from, e)
		got, err := e.Open(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		fsys := got.FS(t.Context())
		if listFirst {
			if list, err := fs.ReadDir(fsys, "a folder"); err != nil || len(list) != 3500 {
				t.Errorf("%d names listed, %v", len(list), err)
			}
		}
		for name, want := range files {
			if data, err := fs.ReadFile(fsys, name); err != nil || !bytes.Equal(data, want) {
				t.Fatalf("%s: %q, %v", name, data, err)
			}
		}
		if _, err := fs.Stat(fsys, "a folder/nothing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a name that is not there: %v", err)
		}
		_ = got.Close()
	}
}

// TestASiteOfOneFile opens a file that is in no folder.
func TestASiteOfOneFile(t *testing.T) {
	f := &forge{t: t}
	s, err := f.open(isolated(t), f.add(cid.Raw, []byte("alone")))
	if err != nil {
		t.Fatal(err)
	}
	list, err := fs.ReadDir(s.FS(t.Context()), ".")
	if err != nil || len(list) != 1 || list[0].Name() != s.Address().CID().String() {
		t.Fatalf("%v, %v; want the file under its CID", list, err)
	}
	if data, err := fs.ReadFile(s.FS(t.Context()), list[0].Name()); err != nil || string(data) != "alone" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for what, o := range map[string]ipfs.Options{
		"nothing":     {},
		"no store":    {Dir: t.TempDir()},
		"a bad peer":  {Dir: t.TempDir(), Store: &failing{}, Peers: []string{"/ip4/127.0.0.1/tcp/1"}},
		"a bad route": {Dir: t.TempDir(), Store: &failing{}, Bootstrap: []string{"example.com"}},
		"a bad URL":   {Dir: t.TempDir(), Store: &failing{}, Gateways: []string{"gateway"}},
	} {
		if _, err := ipfs.New(o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v; want %s", what, err, fault.Invalid)
		}
	}
}

// failing is a Bucket that has nothing.
type failing struct{ ipfs.Bucket }

// TestForeignAddressesOfTheSameBlocks opens one site by both versions of its
// CID.
func TestForeignAddressesOfTheSameBlocks(t *testing.T) {
	f := &forge{t: t}
	root := f.folder(map[string]unixfs.Link{"a": f.leaf("a")})
	e := isolated(t)
	if _, err := f.open(e, root); err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), address.FromCID(cid.NewCidV0(root.CID.Hash())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if data, err := fs.ReadFile(s.FS(t.Context()), "a"); err != nil || string(data) != "a" {
		t.Errorf("%q, %v", data, err)
	}
}
