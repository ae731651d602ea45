package tracker

import "encoding/binary"

// The opcodes of RFC 6455 §5.2 that the tracker writes.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa
)

// maxFrameHead is the longest header of an unmasked frame.
const maxFrameHead = 10

// appendFrame appends a whole, unmasked frame whose payload is the parts one
// after another.
func appendFrame(b []byte, op byte, parts ...[]byte) []byte {
	n := size(parts)
	b = append(b, 0x80|op)
	switch {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func size(parts [][]byte) (n int) {
	for _, p := range parts {
		n += len(p)
	}
	return n
}
