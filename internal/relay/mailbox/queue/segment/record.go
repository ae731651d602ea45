package segment

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Head is how much longer a record is than its body.
const Head = 1 + 8 + 8 + 8 + 8 + 16 + 4 + 4

// MaxBody is the longest body.
const MaxBody = 1 << 20

// Kind is what a record says.
type Kind byte

// The kinds of records: a message came, one went, and one that came before is
// here now.
const (
	Came Kind = iota + 1
	Went
	Moved
)

// Record is a line of the log. Queue and Number name a message as the engine's
// rows do; of one that went nothing else is known.
type Record struct {
	Kind          Kind
	Queue, Number int64
	Expires       int64
	ID            queue.MessageID
	Body          []byte
}

// Place is where a record is, or ends. The zero value is nowhere.
type Place struct{ Segment, At int64 }

// errRecord is a record that is not what was written.
var errRecord = errors.New("the record of a message is damaged")

// sealed appends a record to b.
func (l *Log) sealed(b []byte, r Record) []byte {
	start := len(b)
	b = append(b, byte(r.Kind))
	for _, n := range []int64{l.sequence, r.Queue, r.Number, r.Expires} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, r.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Body)))
	sum := crc32.Update(crc32.Checksum(b[start:], l.table), l.table, r.Body)
	return append(binary.BigEndian.AppendUint32(b, sum), r.Body...)
}

// length is how long the record is that b begins with, of at least Head octets;
// 0 for none.
func length(b []byte) int {
	n := binary.BigEndian.Uint32(b[Head-8:])
	if n > MaxBody {
		return 0
	}
	return Head + int(n)
}

// opened reads the record that b is, and its sequence. Its body is a part of b.
func (l *Log) opened(b []byte) (r Record, sequence int64, err error) {
	if len(b) < Head || length(b) != len(b) {
		return r, 0, errRecord
	}
	sum := crc32.Update(crc32.Checksum(b[:Head-4], l.table), l.table, b[Head:])
	if sum != binary.BigEndian.Uint32(b[Head-4:]) {
		return r, 0, errRecord
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	r = Record{Kind: Kind(b[0]), Queue: number(9), Number: number(17), Expires: number(25), Body: b[Head:]}
	copy(r.ID[:], b[33:])
	return r, number(1), nil
}
