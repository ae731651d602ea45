package ipfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/ipfs/pack"
	"github.com/kith-web/kith/internal/engine/ipfs/unixfs"
	"github.com/kith-web/kith/internal/fault"
)

// folderPrefix is where the bucket keeps which pack a folder was last
// published as.
const folderPrefix = "folder/"

// draft is a folder on its way to be a site. It implements engine.Draft.
type draft struct {
	e     *Engine
	src   engine.Source
	out   *pack.Draft
	prev  *earlier // nil when the folder is new
	pool  *hashers
	files []draftFile
	next  int // the lowest file that may be written
	done  bool
}

// draftFile is what is known of one file.
type draftFile struct {
	leaves []leafSum
	size   int64
	nodes  [][]byte    // inner nodes, of a file taken over
	root   unixfs.Link // of a file taken over
	kept   bool        // taken over from the earlier publication
	whole  bool        // written and closed
}

// leafSum is the digest of a leaf, filled in by a hasher.
type leafSum struct {
	digest pack.Key
	size   int
}

// Draft implements engine.Publisher. The options are BitTorrent's.
func (e *Engine) Draft(_ context.Context, src engine.Source, _ engine.DraftOptions) (engine.Draft, error) {
	if e.ctx.Err() != nil {
		return nil, fault.New(fault.Conflict, "the IPFS engine is closed")
	}
	seen := make(map[string]bool, len(src.Files))
	for _, f := range src.Files {
		if err := e.checkPath(f.Path); err != nil {
			return nil, err
		}
		if seen[f.Path] {
			return nil, fault.New(fault.Invalid, "the file %q is there twice", f.Path)
		}
		seen[f.Path] = true
	}
	out, err := e.packs.Draft()
	if err != nil {
		return nil, err
	}
	return &draft{
		e: e, src: src, out: out, prev: e.earlier(src.Root),
		pool: newHashers(), files: make([]draftFile, len(src.Files)),
	}, nil
}

// checkPath refuses paths that could not be read again.
func (e *Engine) checkPath(p string) error {
	parts := strings.Split(p, "/")
	if len(parts) > e.o.MaxDepth {
		return fault.New(fault.TooLarge, "%q is more than %d folders deep", p, e.o.MaxDepth)
	}
	for _, part := range parts {
		if !unixfs.ValidName(part) {
			return fault.New(fault.Invalid, "%q is not a path a site can have", p)
		}
	}
	return nil
}

// Need implements engine.Draft.
func (d *draft) Need(i int) bool {
	if i < 0 || i >= len(d.files) || d.prev == nil {
		return true
	}
	f, ok := d.prev.file(d.src.Files[i], d.onDisk(i))
	if ok {
		d.files[i] = f
	}
	return !ok
}

// onDisk is where file i is.
func (d *draft) onDisk(i int) string {
	return filepath.Join(d.src.Root, filepath.FromSlash(d.src.Files[i].Path))
}

// File implements engine.Draft.
func (d *draft) File(i int) (io.WriteCloser, error) {
	if i < d.next || i >= len(d.files) || d.done {
		return nil, fault.New(fault.Internal, "file %d of a draft is written out of order", i)
	}
	d.next = i + 1
	d.files[i] = draftFile{}
	return &draftWriter{d: d, i: i}, nil
}

// draftWriter takes the bytes of one file and hands them on to the hashers, a
// leaf at a time.
type draftWriter struct {
	d   *draft
	i   int
	buf []byte
	// sums are the digests in the making; each is filled in before the pool's
	// wait returns.
	sums []*leafSum
	size int64
}

// Write implements io.Writer.
func (w *draftWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if w.buf == nil {
			w.buf = w.d.pool.buffer()
		}
		part := min(len(b), unixfs.ChunkSize-len(w.buf))
		w.buf = append(w.buf, b[:part]...)
		b = b[part:]
		if len(w.buf) == unixfs.ChunkSize {
			w.cut()
		}
	}
	w.size += int64(n)
	return n, nil
}

// cut ends a leaf.
func (w *draftWriter) cut() {
	sum := &leafSum{size: len(w.buf)}
	w.sums = append(w.sums, sum)
	w.d.pool.hash(w.buf, sum)
	w.buf = nil
}

// Close implements io.Closer.
func (w *draftWriter) Close() error {
	if len(w.buf) > 0 || w.size == 0 {
		w.cut()
	}
	src := w.d.src.Files[w.i]
	if w.size != src.Size {
		return fault.New(fault.Conflict, "%q changed while it was read", src.Path).WithHint("publish the folder again")
	}
	w.d.pool.then(func() {
		f := &w.d.files[w.i]
		f.size, f.whole = w.size, true
		for _, s := range w.sums {
			f.leaves = append(f.leaves, *s)
		}
	})
	return nil
}

// Commit implements engine.Draft.
func (d *draft) Commit(ctx context.Context) (address.Address, error) {
	if d.done {
		return address.Address{}, fault.New(fault.Internal, "a draft is committed once")
	}
	d.done = true
	d.pool.wait()
	if err := ctx.Err(); err != nil {
		return address.Address{}, context.Cause(ctx)
	}
	root, total, err := d.build()
	if err != nil {
		return address.Address{}, noSpace(err)
	}
	u := d.out.Usage()
	meta := siteMeta{
		Total: total, Files: len(d.files), Blocks: u.Blocks, Whole: true, Folder: d.src.Root,
		Stored: total, Have: u.Blocks, Disk: u.Disk,
	}
	if err := d.e.publish(root, meta, d.out); err != nil {
		return address.Address{}, noSpace(err)
	}
	return address.FromCID(root), nil
}

// noSpace names the one error of the disk that a person can do something about.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fault.New(fault.NoSpace, "cannot store the published site: %w", err)
	}
	return err
}

// build writes the DAG and returns its root and the length of all files.
func (d *draft) build() (root cid.Cid, total int64, err error) {
	top := &draftFolder{}
	for i := range d.files {
		f, src := &d.files[i], d.src.Files[i]
		if !f.whole && !f.kept {
			return root, 0, fault.New(fault.Internal, "%q was not written to the draft", src.Path)
		}
		link, err := d.addFile(i)
		if err != nil {
			return root, 0, err
		}
		d.out.AddFile(pack.File{Path: d.onDisk(i), Size: src.Size, ModTime: src.ModTime, Root: link.CID.String()})
		total += src.Size
		if err := top.add(src.Path, link); err != nil {
			return root, 0, err
		}
	}
	link, err := top.write(d.put)
	return link.CID, total, err
}

// addFile writes the nodes of file i and refers to its leaves.
func (d *draft) addFile(i int) (unixfs.Link, error) {
	f := &d.files[i]
	var off int64
	for _, l := range f.leaves {
		d.out.Refer(l.digest, i, off, l.size)
		off += int64(l.size)
	}
	if f.kept {
		for _, block := range f.nodes {
			if _, err := d.put(block); err != nil {
				return unixfs.Link{}, err
			}
		}
		return f.root, nil
	}
	links, sizes := make([]unixfs.Link, len(f.leaves)), make([]uint64, len(f.leaves))
	for j, l := range f.leaves {
		mh, err := multihash.Encode(l.digest[:], multihash.SHA2_256)
		if err != nil {
			return unixfs.Link{}, fmt.Errorf("leaf: %w", err)
		}
		links[j] = unixfs.Link{CID: cid.NewCidV1(cid.Raw, mh), Size: uint64(l.size)}
		sizes[j] = uint64(l.size)
	}
	f.leaves = nil
	return unixfs.EncodeTree(links, sizes, d.put)
}

// put stores a node and returns the link to it.
func (d *draft) put(block []byte) (unixfs.Link, error) {
	mh, err := multihash.Sum(block, multihash.SHA2_256, -1)
	if err != nil {
		return unixfs.Link{}, fmt.Errorf("node: %w", err)
	}
	links, _, err := unixfs.Parse(block, unixfs.AnyLinks)
	if err != nil {
		return unixfs.Link{}, err
	}
	n := unixfs.Node{Links: links}
	l := unixfs.Link{CID: cid.NewCidV1(cid.DagProtobuf, mh), Size: n.Claimed(len(block))}
	return l, d.out.Put(pack.KeyOf(l.CID), block)
}

// Abort implements engine.Draft.
func (d *draft) Abort() {
	d.pool.wait()
	d.pool.close()
	d.done = true
	if d.prev != nil {
		_ = d.prev.pack.Close()
		d.prev = nil
	}
	d.out.Abort()
}

// publish makes a finished draft the site of its root.
func (e *Engine) publish(root cid.Cid, meta siteMeta, out *pack.Draft) error {
	name := packName(root)
	if e.packs.Has(name) {
		if old, ok := e.Stats(address.FromCID(root)); ok {
			meta.Down, meta.Up = old.Downloaded, old.Uploaded
		}
	}
	raw, err := encodeMeta(meta)
	if err == nil {
		err = out.Commit(name, raw)
	}
	if err != nil {
		return err
	}
	e.mu.RLock()
	s := e.sites[name]
	e.mu.RUnlock()
	if s != nil {
		s.mu.Lock()
		s.meta = meta
		s.mu.Unlock()
		e.background(func() { e.attend(s) })
	}
	return e.o.Store.Put(folderPrefix+meta.Folder, []byte(name))
}
