package gateway

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// sink notes what it reads from.
type sink struct {
	bytes.Buffer
	from io.Reader
}

func (s *sink) ReadFrom(r io.Reader) (int64, error) {
	s.from = r
	return s.Buffer.ReadFrom(r)
}

func TestALimitHandsTheSourceOnBehindOneLimitedReader(t *testing.T) {
	source := strings.NewReader("0123456789")
	for _, limited := range []bool{false, true} {
		source.Reset("0123456789")
		var r io.Reader = struct{ io.Reader }{source}
		inner := r
		if limited {
			r = io.LimitReader(r, 8)
		}
		out := &sink{}
		l := &limit{w: out, left: 5}
		n, err := io.Copy(l, r)
		if n != 5 || !errors.Is(err, errEnough) || out.String() != "01234" {
			t.Errorf("limited %v: %d %v %q", limited, n, err, out.String())
		}
		if lr, ok := out.from.(*io.LimitedReader); !ok || lr.R != inner {
			t.Errorf("limited %v: the connection sees %T around %T", limited, out.from, lr.R)
		}
	}
}

func TestALimitStopsEveryKindOfWriting(t *testing.T) {
	var out bytes.Buffer
	l := &limit{w: struct{ io.Writer }{&out}, left: 5}
	if n, err := l.Write([]byte("012")); n != 3 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := l.Write([]byte("3456")); n != 2 || !errors.Is(err, errEnough) {
		t.Errorf("%d %v", n, err)
	}
	short := &limit{w: &out, left: 100}
	if n, err := short.ReadFrom(strings.NewReader("x")); n != 1 || err != nil || short.left != 99 {
		t.Errorf("a short source: %d %v", n, err)
	}
	if out.String() != "01234x" {
		t.Errorf("%q", out.String())
	}
}
