package transfer

import (
	"math/bits"

	"lukechampine.com/blake3/guts"
)

const (
	// hashBuffer is how much BLAKE3 hashes at once here.
	hashBuffer = guts.MaxSIMD * guts.ChunkSize
	// pieceSize is how much of a chunk is read or written at once. It is hashed
	// while it is in the cache nearest to the processor.
	pieceSize = 4 * hashBuffer
)

// hasher makes the BLAKE3 hash of a chunk in this goroutine alone:
// blake3.Sum256 starts one for every 16 KiB, and the waking of idle processors
// costs more than that brings while others encrypt and write. The zero hasher is
// ready.
type hasher struct {
	subtrees [40][8]uint32 // roots of full buffers and pairs of them, one a height
	n        uint64        // full buffers so far
}

// add takes a piece that is not the last one, of full buffers.
func (h *hasher) add(piece []byte) {
	for ; len(piece) >= hashBuffer; piece = piece[hashBuffer:] {
		h.buffer((*[hashBuffer]byte)(piece))
	}
}

func (h *hasher) buffer(full *[hashBuffer]byte) {
	cv := guts.ChainingValue(guts.CompressBuffer(full, hashBuffer, &guts.IV, h.n*guts.MaxSIMD, 0))
	height := 0
	for ; h.n&(1<<height) != 0; height++ { // the left half of a pair is there
		cv = guts.ChainingValue(guts.ParentNode(h.subtrees[height], cv, &guts.IV, 0))
	}
	h.subtrees[height] = cv
	h.n++
}

// sum takes the last piece and returns the hash of all; the hasher is ready for
// another chunk then.
func (h *hasher) sum(last []byte) Digest {
	for ; len(last) > hashBuffer; last = last[hashBuffer:] {
		h.buffer((*[hashBuffer]byte)(last))
	}
	root := guts.CompressBuffer(wholeBuffer(last), len(last), &guts.IV, h.n*guts.MaxSIMD, 0)
	for height := bits.TrailingZeros64(h.n); height < bits.Len64(h.n); height++ {
		if h.n&(1<<height) != 0 {
			root = guts.ParentNode(h.subtrees[height], guts.ChainingValue(root), &guts.IV, 0)
		}
	}
	h.n = 0
	root.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(root))
	return Digest(out[:len(Digest{})])
}

// hashOf is the hash of a chunk.
func hashOf(data []byte) Digest {
	var h hasher
	return h.sum(data)
}

// wholeBuffer is the last, short piece as a buffer, whatever follows it.
func wholeBuffer(last []byte) *[hashBuffer]byte {
	if cap(last) < hashBuffer {
		last = append(make([]byte, 0, hashBuffer), last...)
	}
	return (*[hashBuffer]byte)(last[:hashBuffer])
}
