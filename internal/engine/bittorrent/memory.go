package bittorrent

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// publishedPrefix is where the hashes of a folder's pieces are kept, by the
// folder, so that publishing it again costs what changed.
const publishedPrefix = "published/"

// signature stands for a file or a piece as it was: paths, sizes, times.
type signature [16]byte

// memory is the hashes of a publication.
type memory struct {
	files  []signature
	pieces []signature
	kept   []sums
	has    map[signature]bool
	sums   map[signature]sums
}

func newMemory(pieces, files int) memory {
	return memory{files: make([]signature, files), pieces: make([]signature, pieces)}
}

func memoryKey(root string, hybrid bool) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%t %s", hybrid, root))
	return publishedPrefix + hex.EncodeToString(h[:16])
}

// signFile says what a file was.
func signFile(f engine.SourceFile) signature {
	return sign(appendFile(nil, f))
}

func appendFile(to []byte, f engine.SourceFile) []byte {
	to = binary.AppendUvarint(to, uint64(len(f.Path)))
	to = append(to, f.Path...)
	to = binary.BigEndian.AppendUint64(to, uint64(f.Size))
	return binary.BigEndian.AppendUint64(to, uint64(f.ModTime.UnixNano()))
}

// signPiece says what a piece was made of.
func signPiece(src engine.Source, segments []segment) signature {
	var b []byte
	for _, s := range segments {
		b = appendFile(b, src.Files[s.file])
		for _, n := range []int64{s.in, s.from, s.size} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
	}
	return sign(b)
}

func sign(b []byte) signature {
	h := sha256.Sum256(b)
	return signature(h[:16])
}

// take takes the sums of a finished digest.
func (m *memory) take(d digest) {
	m.kept = make([]sums, len(m.pieces))
	for i := range m.kept {
		m.kept[i] = d.get(i)
	}
}

// encode writes the memory: the number of files, their signatures, and signature
// and sums of each piece.
func (m *memory) encode() []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(m.files)))
	for _, s := range m.files {
		out = append(out, s[:]...)
	}
	for i, s := range m.pieces {
		out = append(append(append(out, s[:]...), m.kept[i].v1[:]...), m.kept[i].v2[:]...)
	}
	return out
}

// remembered reads what is known of the folder at root. What cannot be read is
// not known.
func (e *Engine) remembered(root string, hybrid bool) (memory, error) {
	m := memory{has: map[signature]bool{}, sums: map[signature]sums{}}
	data, err := e.o.Store.Get(memoryKey(root, hybrid))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read the hashes of %q: %w", root, err)
	}
	if len(data) < 4 {
		return m, nil
	}
	files := int(binary.BigEndian.Uint32(data))
	for data = data[4:]; files > 0 && len(data) >= 16; files-- {
		m.has[signature(data)] = true
		data = data[16:]
	}
	const row = 16 + 20 + 32
	for ; len(data) >= row; data = data[row:] {
		m.sums[signature(data)] = sums{v1: [20]byte(data[16:]), v2: [32]byte(data[36:])}
	}
	return m, nil
}

// fileAt is the source file that the octet at off lies in, or the next one.
func (d *draft) fileAt(off int64) int {
	return sort.Search(len(d.at), func(i int) bool { return d.at[i]+d.src.Files[i].Size > off })
}

// readUnchanged reads a part of a file that must be what it was.
func readUnchanged(root string, f engine.SourceFile, off, n int64) ([]byte, error) {
	r, err := os.Open(filepath.Join(root, filepath.FromSlash(f.Path)))
	if err != nil {
		return nil, fault.New(fault.KindOf(err), "cannot read %q: %w", f.Path, err)
	}
	defer r.Close() //nolint:errcheck // read only
	p := make([]byte, n)
	if _, err := r.ReadAt(p, off); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %q: %w", f.Path, err)
	}
	info, err := r.Stat()
	if err != nil || info.Size() != f.Size || !info.ModTime().Equal(f.ModTime) {
		return nil, fault.New(fault.Conflict, "the file %q changed while it was read", f.Path)
	}
	return p, nil
}
