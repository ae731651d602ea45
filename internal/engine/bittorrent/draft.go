package bittorrent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/fault"
)

// draft is a torrent in the making. A cursor runs over the octets of its pieces:
// what the publisher writes and what the draft reads again itself moves it, and
// pieces that are known from before are stepped over.
type draft struct {
	e      *Engine
	src    engine.Source
	o      engine.DraftOptions
	plan   *metafile.Plan
	at     []int64 // offset of each source file
	before memory
	now    memory
	digest digest
	known  []bool // pieces
	need   []bool // files
	cursor int64
	over   bool
}

// Draft implements engine.Publisher.
func (e *Engine) Draft(_ context.Context, src engine.Source, o engine.DraftOptions) (engine.Draft, error) {
	if len(src.Files) == 0 {
		return nil, fault.New(fault.Invalid, "the folder %q has no files", src.Root)
	}
	if len(src.Files) > e.o.Limits.MaxFiles {
		return nil, fault.New(fault.TooLarge, "the folder %q has %d files, more than the limit of %d",
			src.Root, len(src.Files), e.o.Limits.MaxFiles)
	}
	paths, sizes := make([]string, len(src.Files)), make([]int64, len(src.Files))
	for i, f := range src.Files {
		paths[i], sizes[i] = f.Path, f.Size
	}
	d := &draft{e: e, src: src, o: o, plan: metafile.NewPlan(src.Name, o.Hybrid, paths, sizes)}
	d.at = d.plan.Offsets(len(paths))
	var err error
	if d.before, err = e.remembered(src.Root, o.Hybrid); err != nil {
		return nil, err
	}
	d.digest = newDigest(d.plan)
	d.compare()
	return d, nil
}

// compare finds out which pieces are known and which files must be read.
func (d *draft) compare() {
	d.now = newMemory(d.plan.Pieces(), len(d.src.Files))
	d.known = make([]bool, d.plan.Pieces())
	for p, segments := range d.segments() {
		sig := signPiece(d.src, segments)
		d.now.pieces[p] = sig
		var sums sums
		if sums, d.known[p] = d.before.sums[sig]; d.known[p] {
			d.digest.set(p, sums)
		}
	}
	d.need = make([]bool, len(d.src.Files))
	for i, f := range d.src.Files {
		d.now.files[i] = signFile(f)
		if f.Size == 0 || d.before.has[d.now.files[i]] {
			continue // what is unknown of it the draft reads itself
		}
		d.need[i] = true
	}
}

// segment is the part of a file that lies in a piece.
type segment struct {
	file           int
	in, from, size int64 // where in the piece, where in the file
}

// segments lists the parts of files in each piece.
func (d *draft) segments() [][]segment {
	out := make([][]segment, d.plan.Pieces())
	n := d.plan.PieceLength
	for i, f := range d.src.Files {
		for from := int64(0); from < f.Size; {
			at := d.at[i] + from
			p := at / n
			size := min((p+1)*n-at, f.Size-from)
			out[p] = append(out[p], segment{file: i, in: at - p*n, from: from, size: size})
			from += size
		}
	}
	return out
}

// Need implements engine.Draft.
func (d *draft) Need(i int) bool { return d.need[i] }

// File implements engine.Draft.
func (d *draft) File(i int) (io.WriteCloser, error) {
	if d.over || i < 0 || i >= len(d.need) || !d.need[i] {
		return nil, fault.New(fault.Internal, "file %d is not wanted by the draft", i)
	}
	if err := d.fill(d.at[i]); err != nil {
		return nil, err
	}
	return &draftFile{d: d, i: i}, nil
}

// draftFile takes the octets of one file.
type draftFile struct {
	d *draft
	i int
	n int64
}

func (w *draftFile) Write(p []byte) (int, error) {
	f := w.d.src.Files[w.i]
	if w.n+int64(len(p)) > f.Size {
		return 0, fault.New(fault.Conflict, "the file %q grew while it was read", f.Path)
	}
	w.d.feed(p, true)
	w.n += int64(len(p))
	return len(p), nil
}

func (w *draftFile) Close() error {
	if f := w.d.src.Files[w.i]; w.n != f.Size {
		return fault.New(fault.Conflict, "the file %q shrank while it was read", f.Path)
	}
	return nil
}

// feed moves the cursor over octets of files, or of padding.
func (d *draft) feed(p []byte, content bool) {
	n := d.plan.PieceLength
	for len(p) > 0 {
		piece := int(d.cursor / n)
		part := p[:min(int64(len(p)), int64(piece+1)*n-d.cursor)]
		d.cursor += int64(len(part))
		if !d.known[piece] {
			d.digest.write(part, content)
			if d.cursor == min(int64(piece+1)*n, d.plan.Span) {
				d.digest.sum(piece)
			}
		}
		p = p[len(part):]
	}
}

// fill moves the cursor to off, over padding and over files that need not be
// written because they did not change.
func (d *draft) fill(off int64) error {
	n := d.plan.PieceLength
	for d.cursor < off {
		piece := int(d.cursor / n)
		end := min(off, int64(piece+1)*n)
		if d.known[piece] {
			d.cursor = end
			continue
		}
		if err := d.fillPiece(end); err != nil {
			return err
		}
	}
	return nil
}

// fillPiece moves the cursor to end, in the same piece.
func (d *draft) fillPiece(end int64) error {
	i := d.fileAt(d.cursor)
	if i >= len(d.at) || d.at[i] > d.cursor {
		if i < len(d.at) {
			end = min(end, d.at[i])
		}
		d.feed(make([]byte, end-d.cursor), false)
		return nil
	}
	f := d.src.Files[i]
	p, err := readUnchanged(d.src.Root, f, d.cursor-d.at[i], min(end, d.at[i]+f.Size)-d.cursor)
	if err != nil {
		return err
	}
	d.feed(p, true)
	return nil
}

// Commit implements engine.Draft.
func (d *draft) Commit(context.Context) (address.Address, error) {
	var none address.Address
	if d.over {
		return none, fault.New(fault.Internal, "the draft is over")
	}
	d.over = true
	if err := d.fill(d.plan.Span); err != nil {
		return none, err
	}
	layers := d.digest.finish(d.plan)
	m, err := metafile.ParseInfo(d.plan.Info(d.digest.v1), d.e.o.Limits)
	if err != nil {
		return none, fmt.Errorf("the folder %q cannot be a torrent: %w", d.src.Root, err)
	}
	t := &metafile.Torrent{Meta: m, Trackers: d.o.Trackers, WebSeeds: d.o.WebSeeds, Layers: layers}
	a := addressOf(m)
	if err := d.store(a, t); err != nil {
		return none, err
	}
	a.Hints = address.Hints{DisplayName: m.Name, Trackers: d.o.Trackers, WebSeeds: d.o.WebSeeds}
	return a, nil
}

// store makes the site visible.
func (d *draft) store(a address.Address, t *metafile.Torrent) error {
	key, err := keyOf(a)
	if err != nil {
		return err
	}
	record := folderRecord{Root: d.src.Root}
	for i, f := range d.src.Files {
		record.Files = append(record.Files, folderedFile{
			Path: f.Path, Offset: d.at[i], Size: f.Size, ModTime: f.ModTime.UnixNano(),
		})
	}
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	d.now.take(d.digest)
	err = d.e.o.Store.Apply(map[string][]byte{
		indexPrefix + key:                 t.Encode(),
		folderPrefix + key:                data,
		memoryKey(d.src.Root, d.o.Hybrid): d.now.encode(),
	}, nil)
	if err != nil {
		return fmt.Errorf("store the torrent of %q: %w", d.src.Root, err)
	}
	if err := d.e.learnAlias(key, t.Meta); err != nil {
		return err
	}
	return d.e.refresh(key, t)
}

// Abort implements engine.Draft.
func (d *draft) Abort() { d.over = true }
