package front

import (
	"context"
	"io"

	"github.com/kith-web/kith/internal/fault"
)

// reader reads a file out of its pieces. It lives as long as one request, whose
// context it carries.
type reader struct {
	ctx  context.Context
	f    *Front
	e    *entry
	at   int64
	k    int // the piece in data
	data []byte
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.e.Size {
		return 0, io.EOF
	}
	if k := int(r.at / PieceLength); r.data == nil || r.k != k {
		data, err := r.f.piece(r.ctx, &r.e.File, k)
		if err != nil {
			return 0, err
		}
		r.k, r.data = k, data
	}
	n := copy(p, r.data[r.at%PieceLength:])
	r.at += int64(n)
	return n, nil
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.e.Size
	}
	if offset < 0 {
		return 0, fault.New(fault.Invalid, "a file has no octet %d", offset)
	}
	r.at = offset
	return offset, nil
}
