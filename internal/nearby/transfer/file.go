package transfer

import (
	"encoding/binary"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"lukechampine.com/blake3"

	"github.com/kith-web/kith/internal/fault"
)

// ChunkSize is how many bytes a chunk has; the last one of a file has what is
// left (spec/nearby-transfer.md §3).
const ChunkSize = 1 << 20

// Bounds on an offer.
const (
	maxPath      = 4096
	maxComponent = 255
	maxDepth     = 128
	maxList      = 32 << 20 // bytes of all paths
	maxTotal     = 1 << 50
	// DefaultMaxFiles is how many files and folders one transfer may have.
	DefaultMaxFiles = 200_000
)

// Digest is a BLAKE3 hash of 256 bits.
type Digest [32]byte

// File is a file or folder of a transfer.
type File struct {
	// Path is relative and slash-separated; its first component is the name of
	// what was sent.
	Path string `json:"p"`
	// Size in bytes; 0 for a folder.
	Size int64 `json:"s,omitempty"`
	// Modified is the modification time in milliseconds since 1970.
	Modified int64 `json:"m,omitempty"`
	// Folder says that it is a folder, Executable that its owner may run it.
	Folder     bool `json:"d,omitempty"`
	Executable bool `json:"x,omitempty"`
}

func (f File) modTime() time.Time { return time.UnixMilli(f.Modified) }

func (f File) chunks() int64 { return (f.Size + ChunkSize - 1) / ChunkSize }

// check refuses what no honest sender offers.
func (f File) check() error {
	switch {
	case f.Size < 0 || f.Size > maxTotal || f.Folder && f.Size != 0:
		return fault.New(fault.Invalid, "%.200q is offered with a size of %d", f.Path, f.Size)
	case f.Path == "" || len(f.Path) > maxPath || !utf8.ValidString(f.Path) || strings.ContainsRune(f.Path, 0),
		strings.Count(f.Path, "/") >= maxDepth:
		return fault.New(fault.Invalid, "%.200q is not the path of a file", f.Path)
	}
	for part := range strings.SplitSeq(f.Path, "/") {
		if part == "" || part == "." || part == ".." || len(part) > maxComponent {
			return fault.New(fault.Invalid, "%.200q is not a path inside a folder", f.Path)
		}
	}
	return nil
}

// layout numbers the chunks of a transfer through its files, in order.
type layout struct {
	files []File
	first []int64 // number of the first chunk of each file, and one behind the last
	total int64
}

func newLayout(files []File) *layout {
	l := &layout{files: files, first: make([]int64, len(files)+1)}
	for i, f := range files {
		l.first[i+1] = l.first[i] + f.chunks()
		l.total += f.Size
	}
	return l
}

// chunks is how many there are.
func (l *layout) chunks() int64 { return l.first[len(l.files)] }

// file is the file that chunk n belongs to. Files without chunks share their
// first number with the next one.
func (l *layout) file(n int64) int {
	return sort.Search(len(l.files), func(i int) bool { return l.first[i+1] > n })
}

// span is where chunk n is in its file.
func (l *layout) span(n int64) (file int, offset int64, length int) {
	file = l.file(n)
	offset = (n - l.first[file]) * ChunkSize
	return file, offset, int(min(ChunkSize, l.files[file].Size-offset))
}

// length is how many bytes chunk n has.
func (l *layout) length(n int64) int {
	_, _, length := l.span(n)
	return length
}

// digest names the files as they were offered: when it is the same, an earlier
// attempt can be continued.
func (l *layout) digest() Digest {
	h := blake3.New(32, nil)
	_, _ = h.Write([]byte("kith nearby transfer 1\x00"))
	var b [8]byte
	number := func(n int64) {
		binary.BigEndian.PutUint64(b[:], uint64(n))
		_, _ = h.Write(b[:])
	}
	for _, f := range l.files {
		number(int64(len(f.Path)))
		_, _ = h.Write([]byte(f.Path))
		number(f.Size)
		number(f.Modified)
		kind := byte(0)
		if f.Folder {
			kind |= 1
		}
		if f.Executable {
			kind |= 2
		}
		_, _ = h.Write([]byte{kind})
	}
	return Digest(h.Sum(nil))
}

// chunkSet is a set of chunk numbers.
type chunkSet struct {
	bits []uint64
	n    int64 // how many are in it
}

func newChunkSet(size int64) chunkSet { return chunkSet{bits: make([]uint64, (size+63)/64)} }

func (s *chunkSet) has(n int64) bool { return s.bits[n/64]&(1<<(n%64)) != 0 }

// add reports whether n is new.
func (s *chunkSet) add(n int64) bool {
	if s.has(n) {
		return false
	}
	s.bits[n/64] |= 1 << (n % 64)
	s.n++
	return true
}

func (s *chunkSet) remove(n int64) {
	if s.has(n) {
		s.bits[n/64] &^= 1 << (n % 64)
		s.n--
	}
}

// span is the chunks from the first to before the second number.
type span [2]int64
