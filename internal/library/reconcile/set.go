package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
)

// Element is what a set holds: a random handle and what tells its versions apart.
type Element [32]byte

const (
	bucketBits = 12
	handleBits = 128
	idSize     = 6
)

// Set is a set of elements that can tell the fingerprint of any prefix. The zero
// value is not useful; make one with New. It is not safe for concurrent use.
type Set struct {
	buckets []bucket
	count   int
}

type bucket struct {
	sum      uint64
	elements []Element
}

// New makes an empty set.
func New() *Set { return &Set{buckets: make([]bucket, 1<<bucketBits)} }

// Len is how many elements there are.
func (s *Set) Len() int { return s.count }

func (s *Set) bucketOf(e Element) *bucket {
	return &s.buckets[binary.BigEndian.Uint16(e[:])>>(16-bucketBits)]
}

// hash of an element; fingerprints are sums of these.
func (e Element) hash() uint64 {
	h := sha256.Sum256(e[:])
	return binary.BigEndian.Uint64(h[:])
}

// Add puts e into the set, and reports whether it was not there.
func (s *Set) Add(e Element) bool {
	b := s.bucketOf(e)
	for _, x := range b.elements {
		if x == e {
			return false
		}
	}
	b.elements = append(b.elements, e)
	b.sum += e.hash()
	s.count++
	return true
}

// Remove takes e out of the set, and reports whether it was there.
func (s *Set) Remove(e Element) bool {
	b := s.bucketOf(e)
	for i, x := range b.elements {
		if x == e {
			last := len(b.elements) - 1
			b.elements[i] = b.elements[last]
			b.elements = b.elements[:last]
			b.sum -= e.hash()
			s.count--
			return true
		}
	}
	return false
}

// prefix is the beginning of elements: its first bits octets' bits count.
type prefix struct {
	octets [handleBits / 8]byte // zero beyond bits
	bits   int
}

func (p prefix) holds(e Element) bool {
	whole := p.bits / 8
	if string(p.octets[:whole]) != string(e[:whole]) {
		return false
	}
	rest := p.bits % 8
	return rest == 0 || (p.octets[whole]^e[whole])>>(8-rest) == 0
}

// child returns the i-th of the 2^bits prefixes that p is split into.
func (p prefix) child(i, bits int) prefix {
	c := prefix{p.octets, p.bits + bits}
	for b := range bits {
		if i>>(bits-1-b)&1 == 1 {
			at := p.bits + b
			c.octets[at/8] |= 0x80 >> (at % 8)
		}
	}
	return c
}

// span is the buckets a prefix touches.
func (p prefix) span() (from, to int) {
	first := int(binary.BigEndian.Uint16(p.octets[:]) >> (16 - bucketBits))
	if p.bits >= bucketBits {
		return first, first + 1
	}
	return first, first + 1<<(bucketBits-p.bits)
}

// fold returns the fingerprint of a prefix, and how many elements have it.
func (s *Set) fold(p prefix) (sum uint64, count int) {
	from, to := p.span()
	for i := from; i < to; i++ {
		b := &s.buckets[i]
		if p.bits <= bucketBits {
			sum, count = sum+b.sum, count+len(b.elements)
			continue
		}
		for _, e := range b.elements {
			if p.holds(e) {
				sum, count = sum+e.hash(), count+1
			}
		}
	}
	return sum, count
}

func (s *Set) each(p prefix, f func(Element)) {
	from, to := p.span()
	for i := from; i < to; i++ {
		for _, e := range s.buckets[i].elements {
			if p.holds(e) {
				f(e)
			}
		}
	}
}

type id [idSize]byte

// short names an element in a round; another round has other names, so that two
// elements that were taken for one are told apart then.
func (e Element) short(salt []byte) (i id) {
	buf := make([]byte, 0, 96)
	h := sha256.Sum256(append(append(buf, salt...), e[:]...))
	copy(i[:], h[:])
	return i
}
