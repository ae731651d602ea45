package memory

import (
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// draft is a site in the making.
type draft struct {
	engine *Engine
	source engine.Source
	files  []entry
	known  []bool
	ended  bool
}

// Draft implements engine.Publisher.
func (e *Engine) Draft(_ context.Context, src engine.Source, _ engine.DraftOptions) (engine.Draft, error) {
	d := &draft{engine: e, source: src, files: make([]entry, len(src.Files)), known: make([]bool, len(src.Files))}
	earlier := map[engine.SourceFile][]hash{}
	for _, s := range e.disk.published(src.Root) {
		if s.manifest.PieceSize != e.options.PieceSize {
			continue
		}
		for i, f := range s.manifest.Files {
			earlier[sourceKey(f.Path, f.Size, s.folder.modTimes[i])] = f.Pieces
		}
	}
	for i, f := range src.Files {
		d.files[i] = entry{Path: f.Path, Size: f.Size, Pieces: []hash{}}
		if pieces, ok := earlier[sourceKey(f.Path, f.Size, f.ModTime)]; ok {
			d.files[i].Pieces, d.known[i] = pieces, true
		}
	}
	return d, nil
}

// sourceKey makes files comparable: equal times may differ in their zone.
func sourceKey(path string, size int64, modified time.Time) engine.SourceFile {
	return engine.SourceFile{Path: path, Size: size, ModTime: time.Unix(0, modified.UnixNano())}
}

func (d *draft) Need(i int) bool { return !d.known[i] }

func (d *draft) File(i int) (io.WriteCloser, error) {
	if d.ended || i < 0 || i >= len(d.files) {
		return nil, fault.New(fault.Invalid, "file %d is not in the draft", i)
	}
	d.files[i].Pieces = []hash{}
	return &pieceWriter{draft: d, index: i, buffer: make([]byte, 0, d.engine.options.PieceSize)}, nil
}

func (d *draft) Commit(context.Context) (address.Address, error) {
	if d.ended {
		return address.Address{}, fault.New(fault.Invalid, "the draft has ended")
	}
	modTimes := make([]time.Time, len(d.files))
	for i, f := range d.source.Files {
		modTimes[i] = f.ModTime
		if !d.known[i] {
			return address.Address{}, fault.New(fault.Invalid, "the bytes of %q were not written", f.Path)
		}
	}
	m := &manifest{Name: d.source.Name, PieceSize: d.engine.options.PieceSize, Files: d.files}
	if _, err := newTree(m); err != nil {
		return address.Address{}, err
	}
	raw, err := m.encode()
	if err != nil {
		return address.Address{}, err
	}
	a, err := d.engine.address(raw)
	if err != nil {
		return address.Address{}, err
	}
	d.engine.disk.keep(a.Key(), &stored{
		raw: raw, manifest: m, folder: &folder{root: d.source.Root, modTimes: modTimes}, pieces: map[hash][]byte{},
	})
	d.ended = true
	return a, nil
}

func (d *draft) Abort() { d.ended = true }

// pieceWriter cuts one file into pieces.
type pieceWriter struct {
	draft  *draft
	index  int
	size   int64
	buffer []byte
}

func (w *pieceWriter) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		n := min(len(rest), cap(w.buffer)-len(w.buffer))
		w.buffer, rest = append(w.buffer, rest[:n]...), rest[n:]
		if len(w.buffer) == cap(w.buffer) {
			w.flush()
		}
	}
	return len(p), nil
}

func (w *pieceWriter) flush() {
	f := &w.draft.files[w.index]
	f.Pieces = append(f.Pieces, sha256.Sum256(w.buffer))
	w.buffer = w.buffer[:0]
}

func (w *pieceWriter) Close() error {
	if len(w.buffer) > 0 {
		w.flush()
	}
	if f := w.draft.files[w.index]; w.size != f.Size {
		return fault.New(fault.Conflict, "%q changed while it was read: %d bytes instead of %d", f.Path, w.size, f.Size).
			WithHint("publish again when nothing writes to the folder")
	}
	w.draft.known[w.index] = true
	return nil
}
