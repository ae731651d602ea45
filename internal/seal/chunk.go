package seal

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/kith-web/kith/internal/fault"
)

// Bounds of a body in chunks (spec §5.3).
const (
	// MaxInline is the longest body that a response holds itself.
	MaxInline = 48 << 10
	// MaxChunked is the longest body of one response.
	MaxChunked = 64 << 20
	chunkID    = 24
	fewChunks  = 16
)

// ChunkSizes are the lengths that a chunk may have on a relay (spec/mailbox.md §3).
func ChunkSizes() [4]int { return [4]int{65536, 262144, 1048576, 4194304} }

// ChunkRoom is how much of a body a chunk of size holds.
func ChunkRoom(size int) int { return size - tagSize }

// ChunkSize returns the size of the chunks that a body is cut into: the smallest
// that makes few of them, so that padding stays a small part.
func ChunkSize(body int64) int {
	sizes := ChunkSizes()
	for _, s := range sizes {
		if body <= fewChunks*int64(ChunkRoom(s)) {
			return s
		}
	}
	return sizes[len(sizes)-1]
}

// SealChunk seals part, the index-th of a body under its own key, into a chunk of
// size octets.
func SealChunk(key []byte, index uint64, part []byte, size int) ([]byte, error) {
	if len(part) > ChunkRoom(size) {
		return nil, fault.New(fault.Internal, "part of %d octets for a chunk of %d", len(part), size)
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	padded := make([]byte, ChunkRoom(size), size)
	copy(padded, part)
	return aead.Seal(padded[:0], chunkNonce(index), padded, nil), nil
}

// OpenChunk opens the index-th chunk of what c describes and returns its part of
// the body.
func (c Chunks) OpenChunk(index uint64, chunk []byte) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if index >= uint64(len(c.At)) || int64(len(chunk)) != c.Each {
		return nil, fault.New(fault.Invalid, "chunk %d of %d, %d octets of %d", index, len(c.At), len(chunk), c.Each)
	}
	aead, err := gcm(c.Key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, chunkNonce(index), chunk, nil)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "chunk %d: wrong key, or changed on its way: %w", index, err)
	}
	n := min(c.Size-int64(index)*int64(ChunkRoom(int(c.Each))), int64(len(plain)))
	return plain[:n], nil
}

// Check refuses descriptions that do not add up, before anything is fetched.
func (c Chunks) Check() error {
	if len(c.Key) != secretSize {
		return fault.New(fault.Invalid, "chunks with a key of %d octets", len(c.Key))
	}
	known := false
	for _, s := range ChunkSizes() {
		known = known || c.Each == int64(s)
	}
	if !known || c.Size <= 0 || c.Size > MaxChunked {
		return fault.New(fault.Invalid, "%d octets in chunks of %d", c.Size, c.Each)
	}
	room := int64(ChunkRoom(int(c.Each)))
	if need := (c.Size + room - 1) / room; need != int64(len(c.At)) {
		return fault.New(fault.Invalid, "%d octets in %d chunks of %d", c.Size, len(c.At), c.Each)
	}
	for _, at := range c.At {
		if len(at.Relay) == 0 || len(at.Relay) > maxRelayURL || len(at.ID) != chunkID || len(at.Erase) != secretSize {
			return fault.New(fault.Invalid, "chunk at a relay with an address of %d octets, id of %d, erase key of %d", len(at.Relay), len(at.ID), len(at.Erase))
		}
	}
	return nil
}

// NewChunkRef makes the id and the erase key of a chunk.
func NewChunkRef(rand io.Reader, relay string) (ChunkRef, error) {
	b := make([]byte, chunkID+secretSize)
	if _, err := io.ReadFull(rand, b); err != nil {
		return ChunkRef{}, fault.New(fault.Internal, "randomness: %w", err)
	}
	return ChunkRef{Relay: relay, ID: bytes.Clone(b[:chunkID]), Erase: bytes.Clone(b[chunkID:])}, nil
}

// EraseHash is what a relay is told at PUT, so that it knows the erase key later.
func (c ChunkRef) EraseHash() []byte { return hash(c.Erase) }

func chunkNonce(index uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 4, nonceSize), index)
}
