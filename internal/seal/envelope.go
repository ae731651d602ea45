package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"

	"github.com/kith-web/kith/internal/fault"
)

// Parts of an envelope (spec §5.1).
const (
	nonceSize  = 12
	tagSize    = 16
	lengthSize = 4
	plainCost  = 8 + nonceSize + tagSize + lengthSize
)

// Sizes returns the lengths that a body may have on a relay (spec/mailbox.md §1).
func Sizes() [4]int { return [4]int{1536, 4096, 16384, 65536} }

// Room is the longest encoded message that fits into an envelope that carries
// its encapsulation, as the first of a context does.
const Room = 65536 - plainCost - EncSize

// Seal puts m into an envelope. withEnc is false only when the other side has
// acknowledged the context.
func (c SendContext) Seal(rand io.Reader, m Message, withEnc bool) ([]byte, error) {
	if c.Notice && !noticeable(m.Kind) {
		return nil, fault.New(fault.Internal, "a message of kind %d must not be sealed to the notice key", m.Kind)
	}
	plain, err := Marshal(m)
	if err != nil {
		return nil, fault.New(fault.Internal, "message of kind %d: %w", m.Kind, err)
	}
	head := c.ID[:]
	if withEnc {
		head = join(head, c.Enc)
	}
	return sealPadded(rand, c.Key, head, plain, c.data())
}

// Open opens an envelope of this context, with or without its encapsulation.
func (c ReceiveContext) Open(envelope []byte) (Message, error) {
	id, enc, err := Peek(envelope)
	if err != nil {
		return Message{}, err
	}
	if id != c.ID {
		return Message{}, fault.New(fault.Invalid, "envelope of context %x, not %x", id, c.ID)
	}
	head := len(id) + len(enc)
	plain, err := openPadded(c.Key, envelope[head:], c.data())
	if err != nil {
		return Message{}, fault.New(fault.Corrupt, "envelope of context %x: %w", id, err)
	}
	m, err := ParseMessage(plain)
	if err != nil {
		return Message{}, err
	}
	if c.Notice && !noticeable(m.Kind) {
		return Message{}, fault.New(fault.Forbidden, "a message of kind %d came sealed to the notice key", m.Kind)
	}
	return m, nil
}

// OpenNew opens an envelope of a context that is not known yet: with each epoch
// of r, newest first, and then the notice key.
func OpenNew(r Relation, envelope []byte) (ReceiveContext, Message, error) {
	id, enc, err := Peek(envelope)
	if err != nil {
		return ReceiveContext{}, Message{}, err
	}
	if enc == nil {
		return ReceiveContext{}, Message{}, fault.New(fault.NotFound, "envelope of the unknown context %x", id)
	}
	for _, e := range r.Epochs {
		if c, m, err := tryContext(r, e.Private, e.ID, envelope, enc, false); err == nil {
			return c, m, nil
		}
	}
	if len(r.Notice) != 0 {
		if c, m, err := tryContext(r, r.Notice, EpochID{}, envelope, enc, true); err == nil {
			return c, m, nil
		}
	}
	return ReceiveContext{}, Message{}, fault.New(fault.NotFound, "envelope of context %x fits none of the relation's %d epochs", id, len(r.Epochs))
}

func tryContext(r Relation, private Secret, epoch EpochID, envelope, enc []byte, notice bool) (ReceiveContext, Message, error) {
	c, err := openContext(r, private, epoch, enc, notice)
	if err != nil {
		return c, Message{}, err
	}
	m, err := c.Open(envelope)
	return c, m, err
}

// Peek returns an envelope's context, and its encapsulation when it carries it.
// Only the hash tells: nothing is promised of where it came from.
func Peek(envelope []byte) (ContextID, []byte, error) {
	if !sized(len(envelope)) {
		return ContextID{}, nil, fault.New(fault.Invalid, "envelope of %d octets", len(envelope))
	}
	id := ContextID(envelope[:8])
	enc := envelope[8 : 8+EncSize]
	if ContextOf(enc) != id {
		return id, nil, nil
	}
	return id, bytes.Clone(enc), nil
}

func noticeable(k MessageKind) bool { return k == Keys || k == Unknown }

// data is what binds an envelope to its relation and direction.
func (c contextKey) data() []byte {
	return join([]byte("kith envelope 1"), c.Relation[:], []byte{byte(c.Direction)})
}

func sized(n int) bool {
	for _, s := range Sizes() {
		if n == s {
			return true
		}
	}
	return false
}

// sealPadded returns head ‖ nonce ‖ ciphertext ‖ tag in the smallest of Sizes
// that holds plain.
func sealPadded(rand io.Reader, key, head, plain, data []byte) ([]byte, error) {
	need := len(head) + nonceSize + lengthSize + len(plain) + tagSize
	for _, size := range Sizes() {
		if need > size {
			continue
		}
		aead, err := gcm(key)
		if err != nil {
			return nil, err
		}
		out := make([]byte, len(head)+nonceSize, size)
		copy(out, head)
		nonce := out[len(head):]
		if _, err := io.ReadFull(rand, nonce); err != nil {
			return nil, fault.New(fault.Internal, "randomness: %w", err)
		}
		padded := make([]byte, size-len(head)-nonceSize-tagSize)
		binary.BigEndian.PutUint32(padded, uint32(len(plain)))
		copy(padded[lengthSize:], plain)
		return aead.Seal(out, nonce, padded, data), nil
	}
	return nil, fault.New(fault.TooLarge, "message of %d octets does not fit into an envelope", len(plain))
}

// openPadded opens nonce ‖ ciphertext ‖ tag and takes the padding off.
func openPadded(key, sealed, data []byte) ([]byte, error) {
	if len(sealed) < nonceSize+lengthSize+tagSize {
		return nil, fault.New(fault.Invalid, "%d octets are too few", len(sealed))
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	padded, err := aead.Open(nil, sealed[:nonceSize], sealed[nonceSize:], data)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "wrong key, or changed on its way: %w", err)
	}
	n := binary.BigEndian.Uint32(padded)
	if uint64(n) > uint64(len(padded)-lengthSize) {
		return nil, fault.New(fault.Corrupt, "says that it holds %d octets and has %d", n, len(padded)-lengthSize)
	}
	if len(bytes.Trim(padded[lengthSize+n:], "\x00")) != 0 {
		return nil, fault.New(fault.Corrupt, "its padding is not zero")
	}
	return padded[lengthSize : lengthSize+n], nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != secretSize {
		return nil, fault.New(fault.Internal, "AES key of %d octets", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.New(fault.Internal, "AES: %w", err)
	}
	return cipher.NewGCM(block)
}

// PutID returns the id that a relay is told for message id when it is put into
// the queue of box in context c (spec §5.1).
func PutID(box Mailbox, c ContextID, id MessageID) MessageID {
	return MessageID(expand(box.Sender, "kith put 1"+string(c[:])+string(id[:]), 16))
}
