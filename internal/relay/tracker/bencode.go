package tracker

import (
	"bytes"
	"slices"
	"strconv"
)

// appendNumber appends a bencoded integer (BEP 3).
func appendNumber(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, 'i'), int64(n), 10), 'e')
}

// appendText appends a bencoded string.
func appendText(b []byte, s string) []byte {
	return append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
}

// appendOctets appends a bencoded string.
func appendOctets(b, s []byte) []byte {
	return append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
}

// sorted returns hashes in the order of a dictionary's keys, each once.
func sorted(hashes []InfoHash) []InfoHash {
	s := slices.Clone(hashes)
	slices.SortFunc(s, func(a, b InfoHash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(s)
}
