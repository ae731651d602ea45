package segment

import (
	"errors"
	"io"
	"os"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// Reader reads bodies that rows name. It holds files where they are, from before
// the rows are read until Close: which has to be soon.
type Reader struct {
	l  *Log
	id int64
	f  *os.File
}

// Reader begins to read.
func (l *Log) Reader() *Reader {
	l.reading.RLock()
	return &Reader{l: l}
}

// Body reads the body of a message, of so many octets. The error is fault.Corrupt
// when it is not there.
func (r *Reader) Body(at Place, id queue.MessageID, octets int) ([]byte, error) {
	if octets < 0 || octets > MaxBody {
		return nil, r.damaged(at, errRecord)
	}
	if r.f == nil || r.id != at.Segment {
		if err := r.close(); err != nil {
			return nil, err
		}
		f, err := os.Open(r.l.path(at.Segment))
		if errors.Is(err, os.ErrNotExist) {
			return nil, r.damaged(at, err)
		} else if err != nil {
			return nil, err
		}
		r.f, r.id = f, at.Segment
	}
	b := make([]byte, Head+octets)
	if _, err := r.f.ReadAt(b, at.At); errors.Is(err, io.EOF) {
		return nil, r.damaged(at, err)
	} else if err != nil {
		return nil, err
	}
	record, _, err := r.l.opened(b)
	if err != nil || record.ID != id {
		return nil, r.damaged(at, errors.Join(err, errRecord))
	}
	return record.Body, nil
}

func (r *Reader) damaged(at Place, err error) error {
	return fault.New(fault.Corrupt, "%s is damaged at %d: %w", r.l.path(at.Segment), at.At, err).
		WithHint("check the disk; senders use a second relay meanwhile")
}

func (r *Reader) close() error {
	if r.f == nil {
		return nil
	}
	err := r.f.Close()
	r.f = nil
	return err
}

// Close ends reading.
func (r *Reader) Close() error {
	defer r.l.reading.RUnlock()
	return r.close()
}
