package segment

import (
	"bufio"
	"bytes"
	"hash/crc32"
	"testing"
)

// FuzzRecords reads any file: what is read is what is in it, and there is an end.
func FuzzRecords(f *testing.F) {
	l := &Log{table: crc32.MakeTable(crc32.Castagnoli), sequence: 7}
	two := l.sealed(nil, Record{Kind: Came, Queue: 1, Number: 2, Expires: 3, Body: make([]byte, 100)})
	two = l.sealed(two, Record{Kind: Went, Queue: 1, Number: 2})
	f.Add(two)
	f.Add(two[:len(two)-1])
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, again := bufio.NewReader(bytes.NewReader(data)), &Log{table: l.table}
		var all []byte
		for {
			r, sequence, err := l.next(in)
			if err != nil {
				break
			}
			again.sequence = sequence
			all = again.sealed(all, r)
		}
		if !bytes.HasPrefix(data, all) {
			t.Errorf("%x was read from %x", all, data)
		}
	})
}
