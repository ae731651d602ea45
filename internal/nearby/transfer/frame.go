package transfer

import (
	"encoding/binary"
	"io"

	"github.com/kith-web/kith/internal/fault"
)

// The kinds of frame on a bulk stream (spec/nearby-transfer.md §5).
const (
	frameData  = 1 // a chunk, and behind it its hash
	frameHash  = 2 // the hash of a chunk that another receiver passes on
	frameRelay = 3 // a chunk, from another receiver
	frameHave  = 4 // between receivers: what one has already
)

// frameHead is the length of a frame's head: kind, three octets that hold the
// number of a receiver, the chunk's number, the length of what follows.
const frameHead = 16

// frame is the head of a frame.
type frame struct {
	kind   byte
	holder int // of a hash: who passes the chunk on
	chunk  int64
	length int
}

func (f frame) append(b []byte) []byte {
	b = append(b, f.kind, byte(f.holder>>16), byte(f.holder>>8), byte(f.holder))
	b = binary.BigEndian.AppendUint64(b, uint64(f.chunk))
	return binary.BigEndian.AppendUint32(b, uint32(f.length))
}

// readFrame reads a head and checks it against the layout, so that what follows
// can be read into a buffer of maxFrame.
func readFrame(r io.Reader, l *layout, scratch []byte) (frame, error) {
	b := scratch[:frameHead]
	if _, err := io.ReadFull(r, b); err != nil {
		return frame{}, err
	}
	f := frame{
		kind: b[0], holder: int(b[1])<<16 | int(b[2])<<8 | int(b[3]),
		chunk: int64(binary.BigEndian.Uint64(b[4:])), length: int(binary.BigEndian.Uint32(b[12:])),
	}
	want := 0
	switch {
	case f.kind == frameHave:
		want = int((l.chunks() + 7) / 8)
	case f.chunk < 0 || f.chunk >= l.chunks():
		return f, fault.New(fault.Invalid, "there is no chunk %d", f.chunk)
	case f.kind == frameData:
		want = l.length(f.chunk) + len(Digest{})
	case f.kind == frameHash:
		want = len(Digest{})
	case f.kind == frameRelay:
		want = l.length(f.chunk)
	default:
		return f, fault.New(fault.Invalid, "there is no frame of kind %d", f.kind)
	}
	if f.length != want {
		return f, fault.New(fault.Invalid, "a frame of kind %d has %d bytes, not %d", f.kind, f.length, want)
	}
	return f, nil
}
