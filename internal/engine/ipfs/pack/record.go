package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

// Key identifies a block whatever codec it is read with: the digest of a
// SHA2-256 multihash, and the SHA2-256 of any other multihash as a whole.
type Key [32]byte

// KeyOf returns the key of c's block.
func KeyOf(c cid.Cid) Key {
	mh := c.Hash()
	if len(mh) == 34 && mh[0] == multihash.SHA2_256 && mh[1] == 32 {
		return Key(mh[2:])
	}
	return sha256.Sum256(mh)
}

// Extent is where a block is.
type Extent struct {
	// Off and Len are the block's place in its file.
	Off int64
	Len int
	// file is 0 for the pack's own data and n for the n-th published file.
	file uint32
	// Node is true for blocks that hold structure instead of content.
	Node bool
}

// Follows reports whether e begins where prev ends, in the same file.
func (e Extent) Follows(prev Extent) bool {
	return e.file == prev.file && e.Off == prev.Off+int64(prev.Len)
}

// SameFile reports whether both extents are in one file.
func (e Extent) SameFile(o Extent) bool { return e.file == o.file }

// Published reports whether the block is read from a person's own file.
func (e Extent) Published() bool { return e.file != 0 }

// recordSize is the size of an index record: key 32, offset 8, length 4, file
// and node bit 4, CRC-32C of all that 4; integers little-endian.
const recordSize = 52

// nodeBit marks structure in a record's file number.
const nodeBit = 1 << 31

// maxExtent bounds the length a record may claim.
const maxExtent = 1 << 30

// appendRecord appends the index record of one block to b.
func appendRecord(b []byte, k Key, e Extent) []byte {
	start := len(b)
	b = append(b, k[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Off))
	b = binary.LittleEndian.AppendUint32(b, uint32(e.Len))
	file := e.file
	if e.Node {
		file |= nodeBit
	}
	b = binary.LittleEndian.AppendUint32(b, file)
	return binary.LittleEndian.AppendUint32(b, checksum(b[start:]))
}

// parseRecord reads one index record. ok is false when it is torn or was never
// one.
func parseRecord(b []byte) (k Key, e Extent, ok bool) {
	if len(b) < recordSize || binary.LittleEndian.Uint32(b[48:52]) != checksum(b[:48]) {
		return k, e, false
	}
	off := binary.LittleEndian.Uint64(b[32:40])
	length := binary.LittleEndian.Uint32(b[40:44])
	file := binary.LittleEndian.Uint32(b[44:48])
	if off > 1<<62 || length > maxExtent {
		return k, e, false
	}
	e = Extent{Off: int64(off), Len: int(length), file: file &^ nodeBit, Node: file&nodeBit != 0}
	return Key(b[:32]), e, true
}

// checksum is CRC-32C, which processors compute themselves.
func checksum(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}
