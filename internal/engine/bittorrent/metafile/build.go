package metafile

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Plan is a torrent in the making: where each file goes. Pieces are filled by
// whoever hashes.
type Plan struct {
	Name        string
	PieceLength int64
	Hybrid      bool
	Files       []PlanFile
	Span        int64
}

// PlanFile is a file of a Plan; one without a path is a pad file (BEP 47).
type PlanFile struct {
	Path   string
	Offset int64
	Size   int64
	// Root is the file's Merkle root, for hybrids.
	Root [32]byte

	mark bool // the pad file is named rootMark
}

// PieceLengthFor chooses the length of the pieces of a site of so many octets:
// short ones, so that the first byte comes soon, but not too many.
func PieceLengthFor(size int64) int64 {
	switch {
	case size <= 4<<20:
		return 16 << 10
	case size <= 32<<20:
		return 64 << 10
	case size <= 256<<20:
		return 256 << 10
	case size <= 4<<30:
		return 1 << 20
	case size <= 32<<30:
		return 4 << 20
	}
	return 16 << 20
}

// tightPadding is how much may be added to a small site so that every file has
// pieces of its own: then an edited file takes no other one off.
const tightPadding = 1 << 20

// NewPlan lays out files in their order. A file that is at least a piece long
// begins at a piece, and so does the one behind it; in hybrids, and in sites so
// small that it does not matter, all do.
func NewPlan(name string, hybrid bool, paths []string, sizes []int64) *Plan {
	var total, padding int64
	for _, n := range sizes {
		total += n
	}
	p := &Plan{Name: name, Hybrid: hybrid, PieceLength: PieceLengthFor(total)}
	for _, n := range sizes {
		padding += -n & (p.PieceLength - 1)
	}
	all := hybrid || padding <= tightPadding
	for i, path := range paths {
		large := sizes[i] >= p.PieceLength || (i > 0 && sizes[i-1] >= p.PieceLength)
		if sizes[i] > 0 && (all || large) {
			p.pad(-p.Span & (p.PieceLength - 1))
		}
		p.Files = append(p.Files, PlanFile{Path: path, Offset: p.Span, Size: sizes[i]})
		p.Span += sizes[i]
	}
	shared := shareTop(paths)
	if !hybrid && (p.Span == 0 || shared) {
		p.pad(1) // peers do not talk about a torrent without pieces
		p.Files[len(p.Files)-1].mark = shared
	}
	return p
}

func shareTop(paths []string) bool {
	for _, path := range paths {
		top, _, nested := strings.Cut(path, "/")
		if !nested || !strings.HasPrefix(paths[0], top+"/") {
			return false
		}
	}
	return len(paths) > 0
}

func (p *Plan) pad(n int64) {
	if n > 0 {
		p.Files = append(p.Files, PlanFile{Offset: p.Span, Size: n})
		p.Span += n
	}
}

// Offsets is where the n files that the plan was made of begin, in their order.
func (p *Plan) Offsets(n int) []int64 {
	out := make([]int64, 0, n)
	for _, f := range p.Files {
		if f.Path != "" {
			out = append(out, f.Offset)
		}
	}
	return out
}

// Pieces counts the pieces.
func (p *Plan) Pieces() int { return int((p.Span + p.PieceLength - 1) / p.PieceLength) }

// Info writes the info dictionary around the hashes of the pieces. It holds
// nothing but what the folder says, so that the same folder has the same
// infohash.
func (p *Plan) Info(hashes []byte) []byte {
	out := []byte{'d'}
	if p.Hybrid {
		out = p.appendTree(AppendString(out, "file tree"))
	}
	out = append(AppendString(out, "files"), 'l')
	for _, f := range p.Files {
		out = append(out, 'd')
		if f.Path == "" {
			out = AppendString(AppendString(out, "attr"), "p")
		}
		out = AppendInt(AppendString(out, "length"), f.Size)
		out = append(AppendString(out, "path"), 'l')
		for _, part := range f.parts() {
			out = AppendString(out, part)
		}
		out = append(out, 'e', 'e')
	}
	out = append(out, 'e')
	if p.Hybrid {
		out = AppendInt(AppendString(out, "meta version"), 2)
	}
	out = AppendString(AppendString(out, "name"), p.Name)
	out = AppendInt(AppendString(out, "piece length"), p.PieceLength)
	out = AppendString(AppendString(out, "pieces"), string(hashes))
	return append(out, 'e')
}

// parts is the path as torrents spell it.
func (f PlanFile) parts() []string {
	switch {
	case f.mark:
		return strings.Split(rootMark, "/")
	case f.Path == "":
		return []string{".pad", strconv.FormatInt(f.Size, 10)}
	}
	return strings.Split(f.Path, "/")
}

// node is a folder of the file tree of BEP 52, or a file.
type node struct {
	file *PlanFile
	sub  map[string]*node
}

func (p *Plan) appendTree(out []byte) []byte {
	root := &node{sub: map[string]*node{}}
	for i := range p.Files {
		if p.Files[i].Path == "" {
			continue
		}
		at := root
		for _, part := range p.Files[i].parts() {
			next := at.sub[part]
			if next == nil {
				next = &node{sub: map[string]*node{}}
				at.sub[part] = next
			}
			at = next
		}
		at.file = &p.Files[i]
	}
	return root.append(out)
}

func (n *node) append(out []byte) []byte {
	out = append(out, 'd')
	if n.file != nil {
		out = append(AppendString(out, ""), 'd')
		out = AppendInt(AppendString(out, "length"), n.file.Size)
		if n.file.Size > 0 {
			out = AppendString(AppendString(out, "pieces root"), string(n.file.Root[:]))
		}
		out = append(out, 'e')
	}
	for _, name := range slices.Sorted(maps.Keys(n.sub)) {
		out = n.sub[name].append(AppendString(out, name))
	}
	return append(out, 'e')
}

func appendLayers(out []byte, layers map[string]string) []byte {
	out = append(out, 'd')
	for _, root := range slices.Sorted(maps.Keys(layers)) {
		out = AppendString(AppendString(out, root), layers[root])
	}
	return append(out, 'e')
}
