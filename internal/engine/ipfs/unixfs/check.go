package unixfs

import (
	"fmt"
	"io/fs"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// MaxFanout bounds the fan-out of a shard: the specification's own limit.
const MaxFanout = 1024

// murmur3 is the one hash function of sharded folders.
const murmur3 = 0x22

// maxFile is the longest file there can be.
const maxFile = 1 << 60

// maxTarget bounds the target of a symbolic link.
const maxTarget = 4096

// check refuses nodes that contradict themselves.
func (n *Node) check() error {
	switch n.Type {
	case Raw, File:
		return n.checkFile()
	case Directory:
		for _, l := range n.Links {
			if !ValidName(l.Name) {
				return fmt.Errorf("%w: folder entry %.100q", ErrBad, l.Name)
			}
		}
		return nil
	case Shard:
		return n.checkShard()
	case Symlink:
		if len(n.Data) == 0 || len(n.Data) > maxTarget || !utf8.Valid(n.Data) {
			return fmt.Errorf("%w: target of a symbolic link", ErrBad)
		}
		return nil
	case Metadata:
	}
	return fmt.Errorf("%w: type %d", ErrBad, n.Type)
}

// checkFile holds the sizes of a file together. Writers may leave the size out
// of a leaf, and boxo's trickle layout has data beside links.
func (n *Node) checkFile() error {
	if len(n.Links) == 0 {
		if n.Size != 0 && n.Size != uint64(len(n.Data)) || len(n.Sizes) > 0 {
			return fmt.Errorf("%w: a leaf of %d bytes that says it has %d", ErrBad, len(n.Data), n.Size)
		}
		n.Size = uint64(len(n.Data))
		return nil
	}
	if len(n.Sizes) != len(n.Links) {
		return fmt.Errorf("%w: %d links and %d sizes", ErrBad, len(n.Links), len(n.Sizes))
	}
	sum := uint64(len(n.Data))
	for _, s := range n.Sizes {
		if s > maxFile || sum > maxFile {
			return fmt.Errorf("%w: a file larger than any", ErrBad)
		}
		sum += s
	}
	if n.Size != sum {
		return fmt.Errorf("%w: a file of %d bytes whose parts have %d", ErrBad, n.Size, sum)
	}
	return nil
}

// checkShard holds bit field and links together (UnixFS, HAMTDirectory).
func (n *Node) checkShard() error {
	if n.hashType != murmur3 || n.Fanout < 8 || n.Fanout > MaxFanout || bits.OnesCount(uint(n.Fanout)) != 1 {
		return fmt.Errorf("%w: shard with hash %#x and fan-out %d", ErrBad, n.hashType, n.Fanout)
	}
	ones := 0
	for _, b := range n.Data {
		ones += bits.OnesCount8(b)
	}
	if len(n.Data) > n.Fanout/8 || ones != len(n.Links) {
		return fmt.Errorf("%w: shard with %d of %d slots and %d links", ErrBad, ones, n.Fanout, len(n.Links))
	}
	next, width := 0, slotWidth(n.Fanout)
	for _, l := range n.Links {
		for next < n.Fanout && !n.slot(next) {
			next++
		}
		if len(l.Name) < width || l.Name[:width] != slotName(next, width) {
			return fmt.Errorf("%w: shard slot %.100q", ErrBad, l.Name)
		}
		if len(l.Name) > width && !ValidName(l.Name[width:]) {
			return fmt.Errorf("%w: folder entry %.100q", ErrBad, l.Name[width:])
		}
		next++
	}
	return nil
}

// slot reports whether slot i of a shard is taken. The bit field is a
// big-endian number without leading zero octets.
func (n *Node) slot(i int) bool {
	at := len(n.Data) - 1 - i/8
	return at >= 0 && n.Data[at]>>(i%8)&1 == 1
}

// ValidName reports whether name can be an element of a path of io/fs.
func ValidName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00") && fs.ValidPath(name)
}
