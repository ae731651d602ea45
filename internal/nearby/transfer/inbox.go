package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"sync"

	"lukechampine.com/blake3"

	"github.com/kith-web/kith/internal/fault"
)

// chunkState is where a chunk is on its way.
type chunkState uint8

const (
	missing    chunkState = iota
	writing               // a goroutine has it
	unverified            // it came from another receiver, and its hash is not known yet
	stored
)

// inbox stores the files of one transfer. It is safe for concurrent use.
type inbox struct {
	root      *os.Root
	layout    *layout
	local     []string // local path of each file; "" when it is skipped
	names     map[string]string
	overwrite bool
	journal   *journal

	mu      sync.Mutex
	state   []chunkState
	want    []Digest // hashes by the sender's word, where known
	known   chunkSet
	got     []Digest       // of chunks that are unverified
	left    []int64        // chunks that a file still misses
	failed  map[int]string // files that will not come
	pending int            // files that are not finished
	done    int64          // bytes that are stored
	resumed int64
	open    map[int]*part

	finished  func()        // called when a file is whole
	finishers chan struct{} // bounds them
	finishing sync.WaitGroup
	trouble   chan error // the first error of a finisher
}

// part is a file that is not whole.
type part struct {
	file *os.File
	refs int
}

// maxFinishers is how many files are flushed to disk at once.
const maxFinishers = 8

// openInbox finds names for what is offered and what an earlier attempt left.
func openInbox(dir string, o *Offer, a AcceptOptions) (*inbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, full(err)
	}
	if err := o.fits(dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	l := o.layout
	n := l.chunks()
	b := &inbox{
		root: root, layout: l, local: make([]string, len(l.files)), overwrite: a.Overwrite,
		state: make([]chunkState, n), want: make([]Digest, n), known: newChunkSet(n), got: make([]Digest, n),
		left: make([]int64, len(l.files)), failed: map[int]string{}, open: map[int]*part{},
		finished: func() {}, finishers: make(chan struct{}, maxFinishers), trouble: make(chan error, 1),
	}
	name := journalName(o.Peer, l.digest())
	head, had := readJournal(root, name, l.digest(), n)
	b.nameAll(head, a.Skip)
	had = b.verify(had)
	digest := l.digest()
	b.journal, err = startJournal(root, name, journalHead{Offer: digest[:], Names: b.names}, had)
	if err != nil {
		return nil, errors.Join(full(err), root.Close())
	}
	return b, nil
}

// nameAll gives every file that is wanted a local path. The names at the top are
// those of the earlier attempt, or ones that nothing here has.
func (b *inbox) nameAll(head journalHead, skip []int) {
	skipped := map[int]bool{}
	for _, i := range skip {
		skipped[i] = true
	}
	names := newNamer(runtime.GOOS == "windows")
	b.names = map[string]string{}
	for i, f := range b.layout.files {
		if skipped[i] {
			continue
		}
		top, _, _ := cutPath(f.Path)
		used := func(name string) bool {
			if b.overwrite || head.Names[top] == name {
				return false
			}
			_, err := b.root.Lstat(name)
			if err != nil {
				_, err = b.root.Lstat(name + partSuffix)
			}
			return err == nil
		}
		b.local[i] = names.place(f, used)
		b.names[top], _, _ = cutPath(b.local[i])
		b.left[i] = f.chunks()
		b.pending++
	}
}

func cutPath(p string) (top, rest string, nested bool) {
	for i := range len(p) {
		if p[i] == '/' {
			return p[:i], p[i+1:], true
		}
	}
	return p, "", false
}

// verify reads what an earlier attempt says it stored, and keeps what is so.
func (b *inbox) verify(had map[int64]Digest) map[int64]Digest {
	kept := map[int64]Digest{}
	if len(had) == 0 {
		return kept
	}
	buf := make([]byte, ChunkSize)
	for i, f := range b.layout.files {
		if b.local[i] == "" || f.Folder || f.Size == 0 {
			continue
		}
		for n := b.layout.first[i]; n < b.layout.first[i+1]; n++ {
			sum, ok := had[n]
			if !ok {
				continue
			}
			data, err := b.read(n, buf)
			if err == nil && hashOf(data) == sum {
				kept[n] = sum
				b.state[n], b.want[n] = stored, sum
				b.known.add(n)
				b.left[i]--
				b.resumed += int64(len(data))
			}
		}
	}
	b.done = b.resumed
	return kept
}

// haves lists what is here, for the sender to check.
func (b *inbox) haves() []have {
	var out []have
	for i := range b.layout.files {
		for n := b.layout.first[i]; n < b.layout.first[i+1]; n++ {
			if b.state[n] != stored {
				continue
			}
			h, from := blake3.New(32, nil), n
			for ; n < b.layout.first[i+1] && b.state[n] == stored; n++ {
				_, _ = h.Write(b.want[n][:])
			}
			out = append(out, have{Span: span{from, n}, Hash: h.Sum(nil)})
		}
	}
	return out
}

// reject takes back what the sender says is not the same there.
func (b *inbox) reject(spans []span) error {
	for _, s := range spans {
		if s[0] < 0 || s[1] < s[0] || s[1] > b.layout.chunks() {
			return fault.New(fault.Invalid, "there are no chunks from %d to %d", s[0], s[1])
		}
		for n := s[0]; n < s[1]; n++ {
			if b.state[n] == stored {
				b.state[n] = missing
				b.known.remove(n)
				b.left[b.layout.file(n)]++
				b.done -= int64(b.layout.length(n))
				b.resumed = b.done
			}
		}
	}
	return nil
}

// needed is how many bytes are still to come.
func (b *inbox) needed() int64 {
	return b.wanted() - b.done
}

// wanted is how many bytes the files have that are not skipped.
func (b *inbox) wanted() int64 {
	var n int64
	for i, f := range b.layout.files {
		if b.local[i] != "" {
			n += f.Size
		}
	}
	return n
}

// bitmap is the set of chunks that are here, eight to an octet, the first in
// the lowest bit.
func (b *inbox) bitmap() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]byte, (len(b.state)+7)/8)
	for n, s := range b.state {
		if s != missing || b.local[b.layout.file(int64(n))] == "" {
			out[n/8] |= 1 << (n % 8)
		}
	}
	return out
}

// begin makes the folders, and finishes the files that have no chunks to wait
// for.
func (b *inbox) begin() error {
	for i, f := range b.layout.files {
		switch {
		case b.local[i] == "":
		case f.Folder:
			if err := b.root.MkdirAll(b.local[i], 0o755); err != nil {
				return full(err)
			}
			b.pending--
		case b.left[i] == 0:
			if err := b.finishEarly(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *inbox) finishEarly(i int) error {
	if b.isFinal(i) && b.layout.files[i].Size > 0 { // an earlier attempt had finished it
		b.pending--
		return nil
	}
	p, err := b.acquire(i)
	if err != nil {
		return err
	}
	return b.finish(i, p)
}

// isFinal reports whether a file has its name already. Files of an earlier
// attempt only are asked for: nothing else can have it.
func (b *inbox) isFinal(i int) bool {
	if _, err := b.root.Lstat(b.local[i] + partSuffix); err == nil {
		return false
	}
	info, err := b.root.Lstat(b.local[i])
	return err == nil && info.Mode().IsRegular() && info.Size() == b.layout.files[i].Size
}

// acquire returns the part of a file, which release gives back.
func (b *inbox) acquire(i int) (*part, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, failed := b.failed[i]; failed {
		return nil, errDropped
	}
	if p := b.open[i]; p != nil {
		p.refs++
		return p, nil
	}
	f, err := b.openPart(b.local[i] + partSuffix)
	if err != nil {
		return nil, full(err)
	}
	p := &part{file: f, refs: 1}
	b.open[i] = p
	return p, nil
}

func (b *inbox) openPart(name string) (*os.File, error) {
	const flags = os.O_CREATE | os.O_RDWR
	f, err := b.root.OpenFile(name, flags, 0o644)
	if errors.Is(err, fs.ErrNotExist) { // an offer need not list its folders
		if err = b.root.MkdirAll(path.Dir(name), 0o755); err == nil {
			f, err = b.root.OpenFile(name, flags, 0o644)
		}
	}
	return f, err
}

func (b *inbox) release(i int, p *part) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.refs--
	if b.open[i] == p && len(b.open) > maxOpen && p.refs == 0 {
		delete(b.open, i)
	}
	if b.open[i] != p && p.refs == 0 {
		_ = p.file.Close()
	}
}

// errDropped says that a file will not come.
var errDropped = errors.New("the file was given up")

// maxOpen is how many parts stay open while nobody writes them.
const maxOpen = 32

// read reads a chunk that is stored, of a part or of a file that is whole.
func (b *inbox) read(n int64, buf []byte) ([]byte, error) {
	i, offset, length := b.layout.span(n)
	b.mu.Lock()
	p := b.open[i]
	if p != nil {
		p.refs++
	}
	b.mu.Unlock()
	if p != nil {
		defer b.release(i, p)
		_, err := p.file.ReadAt(buf[:length], offset)
		return buf[:length], err
	}
	f, err := b.root.Open(b.local[i] + partSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = b.root.Open(b.local[i])
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if _, err = f.ReadAt(buf[:length], offset); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf[:length], err
}

// full gives the errors of a full disk their kind.
func full(err error) error {
	if err != nil && isFull(err) {
		return fault.New(fault.NoSpace, "no space left: %w", err).
			WithHint("make room and have it sent again: what arrived is kept, in files that end in %s", partSuffix)
	}
	if err != nil {
		return fmt.Errorf("store what arrives: %w", err)
	}
	return nil
}
