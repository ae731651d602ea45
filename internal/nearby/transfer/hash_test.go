package transfer

import (
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

func TestTheHashIsBLAKE3(t *testing.T) {
	data := make([]byte, ChunkSize)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(data)
	sizes := []int{0, 1, 63, 64, 65, 1023, 1024, 1025, ChunkSize - 1, ChunkSize, ChunkSize/2 + 1}
	for n := hashBuffer; n < ChunkSize; n += hashBuffer {
		sizes = append(sizes, n-1, n, n+1, n+1024)
	}
	for range 200 {
		sizes = append(sizes, rand.IntN(ChunkSize))
	}
	for _, n := range sizes {
		want := Digest(blake3.Sum256(data[:n]))
		if hashOf(data[:n]) != want || hashOf(data[:n:n]) != want {
			t.Fatalf("the hash of %d octets is wrong", n)
		}
	}
}

func TestPiecesHaveTheHashOfTheWhole(t *testing.T) {
	data := make([]byte, ChunkSize)
	r := rand.NewChaCha8([32]byte{2})
	_, _ = r.Read(data)
	var h hasher // one for all: it has to be ready again
	for _, n := range []int{1, pieceSize - 1, pieceSize, pieceSize + 1, 3*pieceSize + hashBuffer, ChunkSize - 1, ChunkSize} {
		rest := data[:n]
		for ; len(rest) > pieceSize; rest = rest[pieceSize:] {
			h.add(rest[:pieceSize])
		}
		if h.sum(rest) != Digest(blake3.Sum256(data[:n])) {
			t.Fatalf("the hash of %d octets in pieces is wrong", n)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	data := make([]byte, ChunkSize)
	b.Run("here", func(b *testing.B) {
		b.SetBytes(ChunkSize)
		for b.Loop() {
			hashOf(data)
		}
	})
	b.Run("blake3", func(b *testing.B) {
		b.SetBytes(ChunkSize)
		for b.Loop() {
			blake3.Sum256(data)
		}
	})
}
