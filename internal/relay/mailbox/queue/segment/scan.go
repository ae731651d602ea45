package segment

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Replay gives what was flushed beyond a place that the database noted with a
// sequence to do, in order. It is called before Adopt.
func (l *Log) Replay(from Place, sequence int64, do func(Record, Place) error) error {
	if from.Segment == 0 {
		return nil
	}
	err := l.scan(from, func(r Record, at Place, s int64) error {
		if s < sequence {
			return io.EOF
		}
		sequence = s
		return do(r, at)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Adopt finds out whether that matters
	}
	return err
}

// Each gives the records of a file that have bodies to do, some at a time, in
// order.
func (l *Log) Each(id int64, do func([]Record, []Place) error) error {
	var records []Record
	var places []Place
	held := 0
	err := l.scan(Place{Segment: id}, func(r Record, at Place, _ int64) error {
		if r.Kind == Went {
			return nil
		}
		if held > 0 && held+len(r.Body) > 4*piece {
			if err := do(records, places); err != nil {
				return err
			}
			records, places, held = nil, nil, 0
		}
		records, places = append(records, r), append(places, at)
		held += len(r.Body)
		return nil
	})
	if err != nil || len(records) == 0 {
		return err
	}
	return do(records, places)
}

// scan reads a file from a place to where no record follows: what is beyond was
// cut off by a crash, or was in the file before. io.EOF of do ends it, too.
func (l *Log) scan(from Place, do func(r Record, at Place, sequence int64) error) error {
	f, err := os.Open(l.path(from.Segment))
	if err != nil {
		return fmt.Errorf("read bodies: %w", err)
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f, from.At, 1<<62), piece)
	for err == nil {
		var r Record
		var sequence int64
		if r, sequence, err = l.next(in); err == nil {
			err = do(r, from, sequence)
			from.At += Head + int64(len(r.Body))
		}
	}
	if errors.Is(err, errRecord) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// next reads a record, and its sequence.
func (l *Log) next(in *bufio.Reader) (r Record, sequence int64, err error) {
	head, err := in.Peek(Head)
	if err != nil {
		return r, 0, err
	}
	n := length(head)
	if n == 0 {
		return r, 0, errRecord
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in, b); err != nil {
		return r, 0, err
	}
	return l.opened(b)
}
