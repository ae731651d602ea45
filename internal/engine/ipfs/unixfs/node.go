package unixfs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sort"
	"time"

	"github.com/ipfs/go-cid"
	"google.golang.org/protobuf/encoding/protowire"
)

// Type is what a node is.
type Type uint8

// The types of node, numbered as in the UnixFS message.
const (
	Raw       Type = 0 // a leaf of a file
	Directory Type = 1
	File      Type = 2
	Metadata  Type = 3 // never written by anybody; refused
	Symlink   Type = 4
	Shard     Type = 5 // part of a sharded folder
)

// ErrBad is what every error of Decode is.
var ErrBad = errors.New("bad UnixFS node")

// Link leads to a child.
type Link struct {
	Name string
	CID  cid.Cid
	// Size is what the writer said the child's whole DAG takes, in bytes. It is
	// a claim.
	Size uint64
}

// Node is one decoded block.
type Node struct {
	Type  Type
	Links []Link
	// Data is the content of a leaf, the target of a link, the bit field of a
	// shard. It is a slice of the decoded block.
	Data []byte
	// Size is the length of a file, Sizes those of its children.
	Size  uint64
	Sizes []uint64
	// Fanout is how many children a shard can have.
	Fanout int
	// Mode and ModTime are zero when the writer left them out.
	Mode    fs.FileMode
	ModTime time.Time

	hashType uint64
	sorted   bool
}

// Claimed is how many bytes the DAG below and including a block of length n
// takes, as far as its links say; it never overflows.
func (n *Node) Claimed(block int) uint64 {
	total := uint64(block)
	for _, l := range n.Links {
		total += min(l.Size, math.MaxInt64/2)
		if total > math.MaxInt64/2 {
			return math.MaxInt64 / 2
		}
	}
	return total
}

// Find returns the link called name of a folder that is not sharded.
func (n *Node) Find(name string) (Link, bool) {
	if n.sorted {
		i := sort.Search(len(n.Links), func(i int) bool { return n.Links[i].Name >= name })
		if i < len(n.Links) && n.Links[i].Name == name {
			return n.Links[i], true
		}
		return Link{}, false
	}
	for _, l := range n.Links {
		if l.Name == name {
			return l, true
		}
	}
	return Link{}, false
}

// Decode reads a dag-pb block that holds a UnixFS node, of at most maxLinks
// links.
func Decode(block []byte, maxLinks int) (*Node, error) {
	links, data, err := Parse(block, maxLinks)
	if err != nil {
		return nil, err
	}
	n := &Node{Links: links, sorted: true}
	if err := n.message(data); err != nil {
		return nil, err
	}
	for i := 1; i < len(n.Links) && n.sorted; i++ {
		n.sorted = n.Links[i-1].Name < n.Links[i].Name
	}
	return n, n.check()
}

// Parse reads a dag-pb block whatever its data means.
func Parse(block []byte, maxLinks int) (links []Link, data []byte, err error) {
	hasData := false
	err = fields(block, func(num protowire.Number, typ protowire.Type, v []byte, _ uint64) error {
		switch {
		case num == 2 && typ == protowire.BytesType && len(links) >= maxLinks:
			return fmt.Errorf("%w: more than %d links", ErrBad, maxLinks)
		case num == 2 && typ == protowire.BytesType:
			l, err := parseLink(v)
			links = append(links, l)
			return err
		case num == 1 && typ == protowire.BytesType && !hasData:
			data, hasData = v, true
			return nil
		}
		return fmt.Errorf("%w: unexpected field %d of dag-pb", ErrBad, num)
	})
	return links, data, err
}

func parseLink(b []byte) (l Link, err error) {
	err = fields(b, func(num protowire.Number, typ protowire.Type, v []byte, n uint64) (err error) {
		switch {
		case num == 1 && typ == protowire.BytesType:
			if l.CID, err = cid.Cast(v); err != nil {
				return fmt.Errorf("%w: link: %w", ErrBad, err)
			}
		case num == 2 && typ == protowire.BytesType:
			l.Name = string(v)
		case num == 3 && typ == protowire.VarintType:
			l.Size = n
		default:
			return fmt.Errorf("%w: unexpected field %d of a link", ErrBad, num)
		}
		return nil
	})
	if err == nil && !l.CID.Defined() {
		err = fmt.Errorf("%w: a link without a CID", ErrBad)
	}
	return l, err
}

// fields calls f with each field of a protobuf message.
func fields(b []byte, f func(num protowire.Number, typ protowire.Type, v []byte, n uint64) error) error {
	for len(b) > 0 {
		num, typ, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrBad, protowire.ParseError(size))
		}
		b = b[size:]
		var v []byte
		var n uint64
		switch typ {
		case protowire.BytesType:
			v, size = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var x uint32
			x, size = protowire.ConsumeFixed32(b)
			n = uint64(x)
		default:
			size = protowire.ConsumeFieldValue(num, typ, b)
		}
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrBad, protowire.ParseError(size))
		}
		if err := f(num, typ, v, n); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// message reads the UnixFS message of the node.
func (n *Node) message(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: no UnixFS data", ErrBad)
	}
	return fields(data, func(num protowire.Number, typ protowire.Type, v []byte, x uint64) error {
		switch {
		case num == 1 && typ == protowire.VarintType:
			if x > uint64(Shard) {
				return fmt.Errorf("%w: unknown type %d", ErrBad, x)
			}
			n.Type = Type(x)
		case num == 2 && typ == protowire.BytesType:
			n.Data = v
		case num == 3 && typ == protowire.VarintType:
			n.Size = x
		case num == 4 && typ == protowire.VarintType:
			n.Sizes = append(n.Sizes, x)
		case num == 4 && typ == protowire.BytesType: // packed
			return n.packedSizes(v)
		case num == 5 && typ == protowire.VarintType:
			n.hashType = x
		case num == 6 && typ == protowire.VarintType:
			n.Fanout = int(min(x, math.MaxInt32))
		case num == 7 && typ == protowire.VarintType:
			n.Mode = fs.FileMode(x) & fs.ModePerm
		case num == 8 && typ == protowire.BytesType:
			return n.modTime(v)
		}
		return nil
	})
}

func (n *Node) packedSizes(b []byte) error {
	for len(b) > 0 {
		x, size := protowire.ConsumeVarint(b)
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrBad, protowire.ParseError(size))
		}
		n.Sizes, b = append(n.Sizes, x), b[size:]
	}
	return nil
}

// Bounds of the time stamp: the years 1 to 9999.
const (
	minSeconds = -62135596800
	maxSeconds = 253402300799
)

func (n *Node) modTime(b []byte) error {
	var sec, nano uint64
	err := fields(b, func(num protowire.Number, _ protowire.Type, _ []byte, x uint64) error {
		switch num {
		case 1:
			sec = x
		case 2:
			nano = x
		}
		return nil
	})
	if s := int64(sec); err == nil && s >= minSeconds && s <= maxSeconds && nano < 1e9 {
		n.ModTime = time.Unix(s, int64(nano)).UTC()
	}
	return err
}

// AnyLinks is a limit for Decode that no block of a network reaches.
const AnyLinks = 1 << 20
