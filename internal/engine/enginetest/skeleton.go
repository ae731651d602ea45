package enginetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// The multicodecs and UnixFS types that openSkeleton knows.
const (
	pbCodec = 0x70

	unixDirectory = 1
	unixShard     = 5
)

// skeleton is a CARv1 on its way to a book.
type skeleton struct {
	blocks map[string][]byte // by CID
	order  []string          // their CIDs
	met    []string          // nodes in the order of the walk
	pieces map[string]int
	book   book
}

// link is a link of a dag-pb node; dag is the node itself.
type link struct {
	cid, name string
}
type dag struct {
	kind  uint64
	data  []byte
	links []link
}

// openSkeleton reads the index of an IPFS site, as engine.IndexIPFS says.
func openSkeleton(car []byte) (book, error) {
	header, rest, err := section(car)
	if err != nil {
		return book{}, err
	}
	// {"roots": [42(h'00' CID)], "version": 1} in DAG-CBOR.
	head, found := bytes.CutPrefix(header, []byte("\xa2\x65roots\x81\xd8\x2a\x58"))
	if !found || len(head) < 2 || int(head[0]) >= len(head) || head[1] != 0 {
		return book{}, fmt.Errorf("the header %x is not that of a CAR with one root", header)
	}
	root := string(head[2 : 1+head[0]])
	if string(head[1+head[0]:]) != "\x67version\x01" {
		return book{}, fmt.Errorf("the header ends in %x", head[1+head[0]:])
	}
	s := &skeleton{blocks: map[string][]byte{}, pieces: map[string]int{}}
	sum := sha256.Sum256([]byte("kith ipfs swarm 1\x00" + root))
	s.book = book{swarm: [20]byte(sum[:20]), files: map[string][]span{}, content: s.content}
	for len(rest) > 0 {
		var b []byte
		if b, rest, err = section(rest); err != nil {
			return book{}, err
		}
		c, n, err := cidOf(b)
		if err != nil || s.blocks[c] != nil || !fits(c, b[n:]) {
			return book{}, fmt.Errorf("the block %x is wrong, or there twice: %w", c, err)
		}
		s.blocks[c] = b[n:]
		s.order = append(s.order, c)
	}
	if err := s.walk(root, "", map[string]bool{}); err != nil {
		return book{}, err
	}
	if fmt.Sprint(s.met) != fmt.Sprint(s.order) {
		return book{}, errors.New("the blocks are not in the order of the walk")
	}
	return s.book, nil
}

// walk visits a block and what is below, and notes files by their paths.
func (s *skeleton) walk(c, path string, seen map[string]bool) error {
	block, isNode := s.blocks[c]
	if !isNode {
		if _, known := s.pieces[c]; !known {
			s.pieces[c] = len(s.book.verify)
			s.book.verify = append(s.book.verify, func(p []byte) bool { return fits(c, p) })
		}
		s.book.files[path] = append(s.book.files[path], span{s.pieces[c], 0, -1})
		return nil
	}
	if !seen[c] {
		seen[c] = true
		s.met = append(s.met, c)
	}
	n, err := parseDag(block)
	if err != nil {
		return err
	}
	if n.kind != unixDirectory && n.kind != unixShard {
		if len(n.links) == 0 || len(n.data) > 0 {
			return fmt.Errorf("a file's node of %d links and %d octets", len(n.links), len(n.data))
		}
		s.book.files[path] = append(s.book.files[path], nil...) // a file without any piece is one too
	}
	for _, l := range n.links {
		below, name := path, l.name
		if n.kind == unixShard && len(name) >= 2 {
			name = name[2:]
		}
		if name != "" && below != "" {
			below += "/"
		}
		if err := s.walk(l.cid, below+name, seen); err != nil {
			return err
		}
	}
	return nil
}

// content is what a leaf holds.
func (s *skeleton) content(i int, data []byte) []byte {
	for c, at := range s.pieces {
		if at == i && codecOf(c) == pbCodec {
			n, _ := parseDag(data)
			return n.data
		}
	}
	return data
}

// section cuts one length-prefixed section off a CAR.
func section(b []byte) (data, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errors.New("the CAR ends in the middle")
	}
	return b[size : size+int(n)], b[size+int(n):], nil
}

// cidOf cuts a CID off b: one of version 0, or of version 1 with a SHA-256 or
// with the block itself.
func cidOf(b []byte) (c string, n int, err error) {
	switch {
	case len(b) >= 34 && b[0] == 0x12 && b[1] == 32:
		return string(b[:34]), 34, nil
	case len(b) >= 36 && b[0] == 1 && b[2] == 0x12 && b[3] == 32:
		return string(b[:36]), 36, nil
	case len(b) >= 4 && b[0] == 1 && b[2] == 0 && b[3] < 128 && len(b) >= 4+int(b[3]):
		return string(b[:4+b[3]]), 4 + int(b[3]), nil
	}
	return "", 0, errors.New("not a CID with a SHA-256")
}

func codecOf(c string) byte {
	if c[0] == 0x12 {
		return pbCodec
	}
	return c[1]
}

// fits reports whether data is the block c names.
func fits(c string, data []byte) bool {
	if c[0] == 1 && c[2] == 0 {
		return c[4:] == string(data)
	}
	sum := sha256.Sum256(data)
	return c[len(c)-32:] == string(sum[:])
}

// parseDag reads a dag-pb block with a UnixFS message.
func parseDag(b []byte) (n dag, err error) {
	err = protobuf(b, func(field int, v []byte, _ uint64) error {
		if field == 1 {
			return protobuf(v, func(field int, v []byte, x uint64) error {
				switch field {
				case 1:
					n.kind = x
				case 2:
					n.data = v
				}
				return nil
			})
		}
		var l link
		err := protobuf(v, func(field int, v []byte, _ uint64) error {
			switch field {
			case 1:
				l.cid = string(v)
			case 2:
				l.name = string(v)
			}
			return nil
		})
		n.links = append(n.links, l)
		return err
	})
	return n, err
}

// protobuf calls f with each field of a message.
func protobuf(b []byte, f func(field int, v []byte, x uint64) error) error {
	for len(b) > 0 {
		tag, size := binary.Uvarint(b)
		if size <= 0 {
			return errors.New("protobuf ends in the middle")
		}
		b = b[size:]
		x, size := binary.Uvarint(b)
		if size <= 0 {
			return errors.New("protobuf ends in the middle")
		}
		b = b[size:]
		var v []byte
		if tag&7 == 2 {
			if x > uint64(len(b)) {
				return errors.New("protobuf ends in the middle")
			}
			v, b = b[:x], b[x:]
		}
		if err := f(int(tag>>3), v, x); err != nil {
			return err
		}
	}
	return nil
}
