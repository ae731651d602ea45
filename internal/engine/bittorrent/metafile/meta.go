package metafile

import (
	"crypto/sha1" //nolint:gosec // BEP 3 names torrents and verifies pieces by SHA-1
	"crypto/sha256"
	"math/bits"
)

// Meta is a checked info dictionary.
type Meta struct {
	// Info is the dictionary as it is bencoded.
	Info []byte
	// V1 is the infohash of BEP 3; HasV1 says whether the torrent has one. V2
	// and HasV2 are those of BEP 52. At least one is there.
	V1           [20]byte
	V2           [32]byte
	HasV1, HasV2 bool
	// Name is what the torrent calls itself, as one part of a path.
	Name    string
	Private bool
	// PieceLength is the length of all pieces but those that end early.
	PieceLength int64
	// Pieces counts the pieces; Span is the end of the last one. In a v2 or
	// hybrid torrent every file begins at a piece.
	Pieces int
	Span   int64
	// Size counts the octets of the files.
	Size int64
	// Files are the regular files by offset, without pad files; symbolic links
	// inside the torrent appear as what they lead to.
	Files []File

	hashes []byte  // SHA-1 of each piece; empty for v2 alone
	ends   []int64 // v2, hybrid: where the content of each piece ends
}

// File is a file of a torrent.
type File struct {
	// Path is a valid path of io/fs.
	Path string
	// Offset is where the file begins in the run of all pieces.
	Offset int64
	Size   int64
	// Root is the root of the file's Merkle tree in v2 and hybrid torrents.
	Root [32]byte
	// Link says that the file is a symbolic link's target under the link's name.
	Link bool
}

// PieceSize is the length of piece i.
func (m *Meta) PieceSize(i int) int64 {
	start := int64(i) * m.PieceLength
	if m.ends != nil {
		return m.ends[i] - start
	}
	return min(m.PieceLength, m.Span-start)
}

// PieceHash is the SHA-1 of piece i; ok is false for torrents without v1.
func (m *Meta) PieceHash(i int) (h [20]byte, ok bool) {
	if len(m.hashes) == 0 {
		return h, false
	}
	return [20]byte(m.hashes[i*sha1.Size:]), true
}

// ParseInfo reads and checks a bencoded info dictionary.
func ParseInfo(info []byte, l Limits) (*Meta, error) {
	l = l.WithDefaults()
	if len(info) > l.MaxMetadata {
		return nil, tooLarge("the torrent's index has %d octets, more than the limit of %d", len(info), l.MaxMetadata)
	}
	v, err := decode(info, 64+16*l.MaxFiles)
	if err != nil {
		return nil, err
	}
	if v.kind != 'd' {
		return nil, corrupt("the torrent's info is not a dictionary")
	}
	p := parser{v: v, l: l, m: &Meta{Info: info, V1: sha1.Sum(info), V2: sha256.Sum256(info)}}
	if err := p.head(); err != nil {
		return nil, err
	}
	if p.m.HasV2 {
		err = p.fileTree()
	} else {
		err = p.fileList()
	}
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	return p.m, nil
}

// parser is an info dictionary on its way to a Meta.
type parser struct {
	v       value
	l       Limits
	m       *Meta
	entries []entry
	files   int
	keepTop bool
}

// entry is a file before its path is settled.
type entry struct {
	File
	parts []string
	link  []string
}

// head reads everything but the files.
func (p *parser) head() error {
	m := p.m
	version, _ := p.v.integer("meta version")
	pieces, hasPieces := p.v.get("pieces")
	m.HasV2 = version == 2
	m.HasV1 = hasPieces || !m.HasV2
	if version > 2 || version < 0 {
		return corrupt("the torrent has version %d, which nobody knows", version)
	}
	if m.HasV1 {
		if pieces.kind != 's' || len(pieces.str)%sha1.Size != 0 {
			return corrupt("the torrent's piece hashes are damaged")
		}
		m.hashes = pieces.str
	}
	m.PieceLength, _ = p.v.integer("piece length")
	switch {
	case m.PieceLength < 1:
		return corrupt("the torrent has pieces of %d octets", m.PieceLength)
	case m.PieceLength > p.l.MaxPieceLength:
		return tooLarge("the torrent has pieces of %d octets, more than the limit of %d", m.PieceLength, p.l.MaxPieceLength)
	case m.HasV2 && (m.PieceLength < 16<<10 || bits.OnesCount64(uint64(m.PieceLength)) != 1):
		return corrupt("the torrent has pieces of %d octets, which version 2 forbids", m.PieceLength)
	}
	private, _ := p.v.integer("private")
	m.Private = private == 1
	name := p.v.text("name.utf-8")
	if name == "" {
		name = p.v.text("name")
	}
	m.Name = cleanName(name)
	return nil
}

// finish settles sizes and paths.
func (p *parser) finish() error {
	m := p.m
	pieces := (m.Span + m.PieceLength - 1) / m.PieceLength
	if pieces > 1<<31 {
		return tooLarge("the torrent has too many pieces")
	}
	m.Pieces = int(pieces)
	if m.HasV1 && len(m.hashes) != m.Pieces*sha1.Size {
		return corrupt("the torrent has %d piece hashes for %d pieces", len(m.hashes)/sha1.Size, m.Pieces)
	}
	work := int64(maxWorkV1)
	if m.HasV2 {
		work = maxWorkV2
	}
	if pieces*int64(p.files) > work {
		return tooLarge("the torrent has too many files (%d) for so many pieces (%d)", p.files, m.Pieces)
	}
	return p.settle()
}
