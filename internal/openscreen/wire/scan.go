package wire

import (
	"bufio"
	"fmt"
	"io"
	"slices"
)

// The most an item may nest, and the most elements of an array or pairs of a map.
const (
	maxDepth    = 8
	maxElements = 1024
)

// scanner takes exactly one CBOR item off a reader, octet for octet.
type scanner struct {
	r    *bufio.Reader
	out  []byte
	left int
}

// head is the beginning of an item: its major type, the value of its argument,
// and whether its length is indefinite.
type head struct {
	major      byte
	arg        uint64
	indefinite bool
}

// isBreak reports the end of an item of indefinite length.
func (h head) isBreak() bool { return h.major == 7 && h.indefinite }

// take moves n octets, growing only by what has come.
func (s *scanner) take(n int) error {
	if n > s.left {
		return ErrTooLarge
	}
	s.left -= n
	for n > 0 {
		step := min(n, 64<<10)
		at := len(s.out)
		s.out = slices.Grow(s.out, step)[:at+step]
		if _, err := io.ReadFull(s.r, s.out[at:]); err != nil {
			return err
		}
		n -= step
	}
	return nil
}

// head reads the beginning of an item.
func (s *scanner) head() (head, error) {
	at := len(s.out)
	if err := s.take(1); err != nil {
		return head{}, err
	}
	h := head{major: s.out[at] >> 5}
	info := s.out[at] & 31
	switch {
	case info < 24:
		h.arg = uint64(info)
	case info < 28:
		at = len(s.out)
		if err := s.take(1 << (info - 24)); err != nil {
			return head{}, err
		}
		for _, b := range s.out[at:] {
			h.arg = h.arg<<8 | uint64(b)
		}
	case info == 31 && h.major >= 2 && h.major != 6:
		h.indefinite = true
	default:
		return head{}, fmt.Errorf("%w: additional information %d", ErrMalformed, info)
	}
	return h, nil
}

// scan takes one item of at most depth levels.
func (s *scanner) scan(depth int) error {
	h, err := s.head()
	if err != nil {
		return err
	}
	if h.isBreak() {
		return fmt.Errorf("%w: a break outside of an item", ErrMalformed)
	}
	return s.rest(h, depth)
}

// rest takes what follows the beginning of an item.
func (s *scanner) rest(h head, depth int) error {
	switch h.major {
	case 2, 3:
		return s.text(h)
	case 4, 5:
		return s.list(h, depth)
	case 6:
		return fmt.Errorf("%w: a tag", ErrMalformed)
	}
	return nil
}

// text takes the octets of a string, in chunks if its length is indefinite.
func (s *scanner) text(h head) error {
	if !h.indefinite {
		if h.arg > uint64(s.left) {
			return ErrTooLarge
		}
		return s.take(int(h.arg))
	}
	for {
		chunk, err := s.head()
		switch {
		case err != nil:
			return err
		case chunk.isBreak():
			return nil
		case chunk.major != h.major || chunk.indefinite:
			return fmt.Errorf("%w: a chunk of another type", ErrMalformed)
		}
		if err := s.text(chunk); err != nil {
			return err
		}
	}
}

// list takes the items of an array or a map.
func (s *scanner) list(h head, depth int) error {
	if depth <= 1 {
		return fmt.Errorf("%w: nested too deep", ErrMalformed)
	}
	each := uint64(h.major - 3) // an array has one item each, a map two
	if !h.indefinite && h.arg > maxElements {
		return ErrTooLarge
	}
	for n := uint64(0); h.indefinite || n < h.arg*each; n++ {
		if n > maxElements*each {
			return ErrTooLarge
		}
		next, err := s.head()
		if err != nil {
			return err
		}
		if next.isBreak() {
			if !h.indefinite || n%each != 0 {
				return fmt.Errorf("%w: a break in the middle", ErrMalformed)
			}
			return nil
		}
		if err := s.rest(next, depth-1); err != nil {
			return err
		}
	}
	return nil
}
