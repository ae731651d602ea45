package gateway

import (
	"errors"
	"io"
)

// errEnough tells whoever writes to a limit that it may stop.
var errEnough = errors.New("enough was written")

// limit passes on the first bytes of what a file's WriteTo writes and then
// stops it. It does not stand in the way of the kernel's own copy: what the file
// reads from is handed on to w.
type limit struct {
	w    io.Writer
	left int64
}

var _ io.ReaderFrom = (*limit)(nil)

func (l *limit) Write(p []byte) (int, error) {
	enough := int64(len(p)) >= l.left
	if enough {
		p = p[:l.left]
	}
	n, err := l.w.Write(p)
	l.left -= int64(n)
	if err == nil && enough {
		err = errEnough
	}
	return n, err
}

// ReadFrom reads no more of r than may be written. A LimitedReader around a
// file is taken off and put back narrower: the network connection knows a file
// behind one such reader, not behind two.
func (l *limit) ReadFrom(r io.Reader) (int64, error) {
	inner := io.LimitedReader{R: r, N: l.left}
	outer, wrapped := r.(*io.LimitedReader)
	if wrapped {
		inner = io.LimitedReader{R: outer.R, N: min(outer.N, l.left)}
	}
	n, err := io.Copy(l.w, &inner)
	l.left -= n
	if wrapped {
		outer.N -= n
	}
	if err == nil && l.left == 0 {
		err = errEnough
	}
	return n, err
}
