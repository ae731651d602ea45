package transfer

import (
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// hashBuffer is how much BLAKE3 hashes at once here.
const hashBuffer = guts.MaxSIMD * guts.ChunkSize

// hashOf is the BLAKE3 hash of a chunk, made by this goroutine alone:
// blake3.Sum256 starts one for every 16 KiB, and the waking of idle processors
// costs more than that brings while others encrypt and write.
func hashOf(data []byte) Digest {
	var subtrees [40][8]uint32 // roots of full buffers and pairs of them, one a height
	n, full := uint64(0), data
	for ; len(full) > hashBuffer; full = full[hashBuffer:] {
		cv := guts.ChainingValue(guts.CompressBuffer((*[hashBuffer]byte)(full), hashBuffer, &guts.IV, n*guts.MaxSIMD, 0))
		height := 0
		for ; n&(1<<height) != 0; height++ { // the left half of a pair is there
			cv = guts.ChainingValue(guts.ParentNode(subtrees[height], cv, &guts.IV, 0))
		}
		subtrees[height] = cv
		n++
	}
	root := guts.CompressBuffer(wholeBuffer(full), len(full), &guts.IV, n*guts.MaxSIMD, 0)
	for height := bits.TrailingZeros64(n); height < bits.Len64(n); height++ {
		if n&(1<<height) != 0 {
			root = guts.ParentNode(subtrees[height], guts.ChainingValue(root), &guts.IV, 0)
		}
	}
	root.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(root))
	return Digest(out[:len(Digest{})])
}

// wholeBuffer is the last, short piece as a buffer, whatever follows it.
func wholeBuffer(last []byte) *[hashBuffer]byte {
	if cap(last) < hashBuffer {
		last = append(make([]byte, 0, hashBuffer), last...)
	}
	return (*[hashBuffer]byte)(last[:hashBuffer])
}
