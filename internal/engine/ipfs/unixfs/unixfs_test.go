package unixfs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sort"
	"testing"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	chunk "github.com/ipfs/boxo/chunker"
	offline "github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	ipld "github.com/ipfs/go-ipld-format"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
)

// dag is boxo's own DAG service over memory: the reference.
func dag() ipld.DAGService {
	bs := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	return merkledag.NewDAGService(blockservice.New(bs, offline.Exchange(bs)))
}

// blocks collects what is encoded.
type blocks map[cid.Cid][]byte

func (b blocks) put(block []byte) (unixfs.Link, error) {
	mh, err := multihash.Sum(block, multihash.SHA2_256, -1)
	if err != nil {
		return unixfs.Link{}, err
	}
	links, _, err := unixfs.Parse(block, unixfs.AnyLinks)
	if err != nil {
		return unixfs.Link{}, err
	}
	c := cid.NewCidV1(cid.DagProtobuf, mh)
	b[c] = block
	return unixfs.Link{CID: c, Size: (&unixfs.Node{Links: links}).Claimed(len(block))}, nil
}

func rawLink(t testing.TB, data []byte) unixfs.Link {
	t.Helper()
	mh, err := multihash.Sum(data, multihash.SHA2_256, -1)
	if err != nil {
		t.Fatal(err)
	}
	return unixfs.Link{CID: cid.NewCidV1(cid.Raw, mh), Size: uint64(len(data))}
}

// TestFilesAreThoseOfTheProfile holds file DAGs against boxo's, for the profile
// unixfs-v1-2025 (IPIP-499) scaled down to small chunks.
func TestFilesAreThoseOfTheProfile(t *testing.T) {
	const size = 16
	for _, leaves := range []int{1, 2, 3, unixfs.Width, unixfs.Width + 1, 2*unixfs.Width + 7} {
		data := make([]byte, leaves*size-3)
		for i := range data {
			data[i] = byte(i * i >> 3)
		}
		p := uio.UnixFS_v1_2025
		params := helpers.DagBuilderParams{Maxlinks: p.FileDAGWidth, RawLeaves: true, CidBuilder: p.CidBuilder(), Dagserv: dag()}
		builder, err := params.New(chunk.NewSizeSplitter(bytes.NewReader(data), size))
		if err != nil {
			t.Fatal(err)
		}
		want, err := balanced.Layout(builder)
		if err != nil {
			t.Fatal(err)
		}
		var links []unixfs.Link
		var sizes []uint64
		for at := 0; at < len(data); at += size {
			part := data[at:min(at+size, len(data))]
			links, sizes = append(links, rawLink(t, part)), append(sizes, uint64(len(part)))
		}
		got, err := unixfs.EncodeTree(links, sizes, blocks{}.put)
		if err != nil || !got.CID.Equals(want.Cid()) {
			t.Errorf("%d leaves: %s, %v; boxo makes %s", leaves, got.CID, err, want.Cid())
		}
		if total, err := want.Size(); err != nil || got.Size != total {
			t.Errorf("%d leaves: size %d; boxo says %d, %v", leaves, got.Size, total, err)
		}
	}
}

// TestFoldersAreThoseOfTheProfile does the same with folders, those that are
// sharded included, and finds and lists every name again.
func TestFoldersAreThoseOfTheProfile(t *testing.T) {
	for _, count := range []int{0, 1, 100, 3000, 3600, 6000} {
		var links []unixfs.Link
		for i := range count {
			l := rawLink(t, fmt.Append(nil, i))
			l.Name = fmt.Sprintf("file %d with a name of some length.html", i)
			links = append(links, l)
		}
		want := boxoFolder(t, links)
		store := blocks{}
		got, err := unixfs.EncodeFolder(links, store.put)
		if err != nil || !got.CID.Equals(want) {
			t.Errorf("%d names: %s, %v; boxo makes %s", count, got.CID, err, want)
			continue
		}
		names, err := listAll(store, got.CID, 0)
		sort.Strings(names)
		if err != nil || len(names) != count {
			t.Errorf("%d names: %d listed, %v", count, len(names), err)
		}
		for _, l := range links {
			if found, ok := lookUp(t, store, got.CID, l.Name); !ok || found.CID != l.CID || found.Size != l.Size {
				t.Fatalf("%d names: %q is found as %v, %v", count, l.Name, found, ok)
			}
		}
		if found, ok := lookUp(t, store, got.CID, "nothing"); ok {
			t.Errorf("%d names: a name that is not there is found as %v", count, found)
		}
	}
}

func boxoFolder(t *testing.T, links []unixfs.Link) cid.Cid {
	t.Helper()
	p := uio.UnixFS_v1_2025
	d, err := uio.NewDirectory(dag(), uio.WithCidBuilder(p.CidBuilder()), uio.WithMaxHAMTFanout(p.HAMTShardWidth), uio.WithSizeEstimationMode(p.HAMTSizeEstimation))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		child := &stub{cid: l.CID, size: l.Size}
		if err := d.AddChild(context.Background(), l.Name, child); err != nil {
			t.Fatal(err)
		}
	}
	nd, err := d.GetNode()
	if err != nil {
		t.Fatal(err)
	}
	return nd.Cid()
}

// stub is a child for boxo's folder: a CID and a size.
type stub struct {
	ipld.Node
	cid  cid.Cid
	size uint64
}

func (s *stub) Cid() cid.Cid             { return s.cid }
func (s *stub) RawData() []byte          { return nil }
func (s *stub) Size() (uint64, error)    { return s.size, nil }
func (s *stub) Links() []*ipld.Link      { return nil }
func (s *stub) Copy() ipld.Node          { return s }
func (s *stub) String() string           { return s.cid.String() }
func (s *stub) Loggable() map[string]any { return nil }

func lookUp(t *testing.T, store blocks, root cid.Cid, name string) (unixfs.Link, bool) {
	t.Helper()
	for level := 0; ; level++ {
		n, err := unixfs.Decode(store[root], unixfs.AnyLinks)
		if err != nil {
			t.Fatal(err)
		}
		if n.Type == unixfs.Directory {
			return n.Find(name)
		}
		l, deeper, ok := n.Step(name, level)
		if !ok || !deeper {
			return l, ok
		}
		root = l.CID
	}
}

func listAll(store blocks, root cid.Cid, level int) ([]string, error) {
	n, err := unixfs.Decode(store[root], unixfs.AnyLinks)
	if err != nil {
		return nil, err
	}
	var names []string
	entries, deeper := n.Links, []unixfs.Link(nil)
	if n.Type == unixfs.Shard {
		if entries, deeper, err = n.Split(level); err != nil {
			return nil, err
		}
	}
	for _, l := range entries {
		names = append(names, l.Name)
	}
	for _, l := range deeper {
		below, err := listAll(store, l.CID, level+1)
		if err != nil {
			return nil, err
		}
		names = append(names, below...)
	}
	return names, nil
}

// TestHostileNodesAreRefused tries nodes that contradict themselves.
func TestHostileNodesAreRefused(t *testing.T) {
	leaf := rawLink(t, []byte("leaf"))
	named := func(names ...string) []unixfs.Link {
		var out []unixfs.Link
		for _, n := range names {
			out = append(out, unixfs.Link{Name: n, CID: leaf.CID, Size: leaf.Size})
		}
		return out
	}
	folder := func(names ...string) []byte {
		store := blocks{}
		l, err := unixfs.EncodeFolder(named(names...), store.put)
		if err != nil {
			t.Fatal(err)
		}
		return store[l.CID]
	}
	for what, block := range map[string][]byte{
		"nothing":                  {},
		"text":                     []byte("<html>"),
		"a name that climbs":       folder(".."),
		"a name with a slash":      folder("a/b"),
		"no name":                  folder(""),
		"sizes that are not there": unixfs.EncodeFile(named("", ""), []uint64{4}),
		"sizes that overflow":      unixfs.EncodeFile(named("", ""), []uint64{1 << 63, 1 << 63}),
		"a shard without slots":    shard([]byte{}, 256, named("00a")),
		"a shard of two in one":    shard([]byte{1}, 256, named("00a", "00b")),
		"a shard in wrong order":   shard([]byte{3}, 256, named("01a", "00b")),
		"a shard of any width":     shard([]byte{1}, 3, named("0a")),
		"a shard far too wide":     shard([]byte{1}, 1<<20, named("00000a")),
		"a huge bit field":         shard(bytes.Repeat([]byte{0}, 1000), 256, nil),
	} {
		if n, err := unixfs.Decode(block, unixfs.AnyLinks); !errors.Is(err, unixfs.ErrBad) {
			t.Errorf("%s: %+v, %v", what, n, err)
		}
	}
	if _, err := unixfs.Decode(folder("a", "b", "c"), 2); !errors.Is(err, unixfs.ErrBad) {
		t.Errorf("three links where two are allowed: %v", err)
	}
}

// shard writes a shard by hand.
func shard(field []byte, fanout uint64, links []unixfs.Link) []byte {
	data := append([]byte{0x08, 5, 0x12}, varint(uint64(len(field)))...)
	data = append(data, field...)
	data = append(append(data, 0x28, 0x22, 0x30), varint(fanout)...)
	var b []byte
	for _, l := range links {
		one := append([]byte{0x0a}, varint(uint64(l.CID.ByteLen()))...)
		one = append(one, l.CID.Bytes()...)
		one = append(append(one, 0x12), varint(uint64(len(l.Name)))...)
		one = append(one, l.Name...)
		b = append(append(b, 0x12), varint(uint64(len(one)))...)
		b = append(b, one...)
	}
	b = append(append(b, 0x0a), varint(uint64(len(data)))...)
	return append(b, data...)
}

func varint(x uint64) []byte {
	var b []byte
	for ; x >= 0x80; x >>= 7 {
		b = append(b, byte(x)|0x80)
	}
	return append(b, byte(x))
}

func FuzzDecode(f *testing.F) {
	leaf := unixfs.Link{Name: "00a", Size: 4}
	digest := sha256.Sum256([]byte("leaf"))
	mh, _ := multihash.Encode(digest[:], multihash.SHA2_256)
	leaf.CID = cid.NewCidV1(cid.Raw, mh)
	f.Add(unixfs.EncodeFile([]unixfs.Link{leaf, leaf}, []uint64{4, 4}))
	f.Add(shard([]byte{1}, 256, []unixfs.Link{leaf}))
	f.Add(shard(bytes.Repeat([]byte{0xff}, 32), 256, nil))
	f.Add([]byte{0x0a, 4, 8, 1, 0x42, 0})
	f.Fuzz(func(t *testing.T, block []byte) {
		n, err := unixfs.Decode(block, 1000)
		if err != nil {
			return
		}
		if len(n.Links) > 1000 || n.Claimed(len(block)) < uint64(len(block)) {
			t.Fatalf("%d links, claimed %d", len(n.Links), n.Claimed(len(block)))
		}
		switch n.Type {
		case unixfs.Shard:
			for level := range 20 {
				entries, _, err := n.Split(level)
				for _, l := range entries {
					if got, deeper, ok := n.Step(l.Name, level); err == nil && (!ok || deeper || got.Name != l.Name) {
						t.Fatalf("%q is listed and not found", l.Name)
					}
				}
				n.Step("any", level)
			}
		case unixfs.Directory:
			for _, l := range n.Links {
				if _, ok := n.Find(l.Name); !ok {
					t.Fatalf("%q is listed and not found", l.Name)
				}
			}
		default:
		}
	})
}
