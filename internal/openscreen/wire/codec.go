package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/quic-go/quic-go/quicvarint"
)

// Codec reads and writes messages. It may be used by many at once.
type Codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	// most a data frame and any other message may have.
	frame, control int
}

// NewCodec makes a codec whose data frames have at most frame octets, and other
// messages at most control.
func NewCodec(frame, control int) (*Codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("set up CBOR: %w", err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:   maxDepth,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
		IndefLength:       cbor.IndefLengthAllowed,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		ExtraReturnErrors: cbor.ExtraDecErrorNone,
	}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("set up CBOR: %w", err)
	}
	return &Codec{enc: enc, dec: dec, frame: frame, control: control}, nil
}

// Append writes a message, key and value, behind b.
func (c *Codec) Append(b []byte, m any) ([]byte, error) {
	k := keyOf(m)
	if k == 0 {
		return nil, fmt.Errorf("%T is no message", m)
	}
	if f, ok := m.(*DataFrame); ok && len(f.Payload) > c.frame {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, len(f.Payload), c.frame)
	}
	value, err := c.enc.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write %T: %w", m, err)
	}
	return append(quicvarint.Append(b, uint64(k)), value...), nil
}

// ReadKey reads a type key. io.EOF means that the stream ended before it.
func ReadKey(r io.ByteReader) (Key, error) {
	first := true
	v, err := quicvarint.Read(firstByte{r, &first})
	if err != nil && !first && errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return Key(v), err
}

// firstByte notes that a byte was read.
type firstByte struct {
	io.ByteReader
	first *bool
}

// ReadByte reads one byte.
func (f firstByte) ReadByte() (byte, error) {
	b, err := f.ByteReader.ReadByte()
	if err == nil {
		*f.first = false
	}
	return b, err
}

// Read reads a message, key and value.
func (c *Codec) Read(r *bufio.Reader) (any, error) {
	k, err := ReadKey(r)
	if err != nil {
		return nil, err
	}
	return c.ReadValue(r, k)
}

// ReadValue reads the value of a message whose key was read already.
func (c *Codec) ReadValue(r *bufio.Reader, k Key) (any, error) {
	m := fresh(k)
	if m == nil {
		return nil, &UnknownKeyError{Key: k}
	}
	limit := c.control
	if k == KeyDataFrame {
		limit = c.frame + 64
	}
	item := scanner{r: r, left: limit}
	if err := item.scan(maxDepth); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read message %d: %w", k, err)
	}
	if err := c.dec.Unmarshal(item.out, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return m, check(m)
}
