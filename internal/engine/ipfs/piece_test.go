package ipfs_test

import (
	"fmt"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/ipfs"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// identity is a link that holds its block.
func identity(t *testing.T, codec uint64, data string) unixfs.Link {
	t.Helper()
	mh, err := multihash.Sum([]byte(data), multihash.IDENTITY, -1)
	if err != nil {
		t.Fatal(err)
	}
	return unixfs.Link{CID: cid.NewCidV1(codec, mh), Size: uint64(len(data))}
}

// TestPiecesOfForeignSites takes the pieces of sites as other programs write
// them: sharded folders, leaves with the bytes in a node, trees of nodes, blocks
// inside of CIDs, one block in many places, and nothing but a file.
func TestPiecesOfForeignSites(t *testing.T) {
	f := &forge{t: t}
	twin := f.add(cid.Raw, []byte("the same everywhere"))
	old := f.leaf("an old leaf")
	inner := f.add(cid.DagProtobuf, unixfs.EncodeFile([]unixfs.Link{twin, old}, []uint64{19, 11}))
	whole := f.add(cid.DagProtobuf, unixfs.EncodeFile([]unixfs.Link{inner, twin, inner}, []uint64{30, 19, 30}))
	files := map[string][]byte{
		"tree": []byte("the same everywherean old leafthe same everywherethe same everywherean old leaf"),
		"old":  []byte("an old leaf"), "twin": []byte("the same everywhere"), "here": []byte("in the CID"),
		"sub/twin": []byte("the same everywhere"),
	}
	var many []unixfs.Link
	for i := range 300 {
		l := f.add(cid.Raw, fmt.Appendf(nil, "number %d", i))
		l.Name = fmt.Sprintf("file %d", i)
		many = append(many, l)
		files["many/"+l.Name] = fmt.Appendf(nil, "number %d", i)
	}
	shards, err := unixfs.EncodeShards(many, f.node)
	if err != nil {
		t.Fatal(err)
	}
	site, err := f.open(isolated(t), f.folder(map[string]unixfs.Link{
		"tree": whole, "old": old, "twin": twin, "here": identity(t, cid.Raw, "in the CID"),
		"sub": f.folder(map[string]unixfs.Link{"twin": twin}), "void": f.folder(nil), "many": shards,
	}))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := site.(engine.Piecer)
	if !ok {
		t.Fatal("sites are no engine.Piecer")
	}
	if x := enginetest.CheckPieces(t, t.Context(), p, files); x.Pieces != 303 {
		t.Errorf("the site has %d pieces, not 303: each block counts once", x.Pieces)
	}
}

func TestASiteOfOneBlockIsOnePiece(t *testing.T) {
	f := &forge{t: t}
	site, err := f.open(isolated(t), f.add(cid.Raw, []byte("alone")))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"": []byte("alone")}
	if x := enginetest.CheckPieces(t, t.Context(), site.(engine.Piecer), files); x.Pieces != 1 {
		t.Errorf("%d pieces", x.Pieces)
	}
}

func TestIndicesAreBounded(t *testing.T) {
	for name, limit := range map[string]func(*ipfs.Options){
		"octets": func(o *ipfs.Options) { o.MaxIndex = 1000 },
		"pieces": func(o *ipfs.Options) { o.MaxPieces = 99 },
	} {
		f := &forge{t: t}
		links := map[string]unixfs.Link{}
		for i := range 100 {
			links[fmt.Sprint(i)] = f.add(cid.Raw, fmt.Append(nil, i))
		}
		site, err := f.open(start(t, t.TempDir(), limit), f.folder(links))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := site.(engine.Piecer).Index(t.Context()); fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: %v; want an error of kind %s", name, err, fault.TooLarge)
		}
	}
}
