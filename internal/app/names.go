package app

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// names makes names of documents in order of time: 10 digits of the time in
// milliseconds and 16 at random, of Crockford's base 32 in lower case. Of two in
// the same millisecond the later one counts on from the former.
type names struct {
	now func() time.Time

	mu   sync.Mutex
	last int64
	head uint64 // of 16 bits
	tail uint64
}

const digits = "0123456789abcdefghjkmnpqrstvwxyz"

func (n *names) next() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := n.now().UnixMilli()
	if at <= n.last {
		at = n.last
		if n.tail++; n.tail == 0 {
			n.head++
		}
	} else {
		var b [10]byte
		_, _ = rand.Read(b[:]) // it cannot fail
		n.head, n.tail = uint64(binary.BigEndian.Uint16(b[:2])>>1), binary.BigEndian.Uint64(b[2:])
	}
	n.last = at
	var out [26]byte
	high, low := n.head, n.tail
	for i := 25; i >= 10; i-- {
		out[i] = digits[low&31]
		low, high = low>>5|high<<59, high>>5
	}
	for i := 9; i >= 0; i-- {
		out[i] = digits[at&31]
		at >>= 5
	}
	return string(out[:])
}
