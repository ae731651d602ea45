package segment

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Sweep removes the files in which nothing is named, nor was so long ago.
func (l *Log) Sweep(rest time.Duration) error {
	var errs []error
	for _, f := range l.unnamed(math.MaxInt, rest) {
		errs = append(errs, l.remove(f))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove bodies: %w", err)
	}
	return nil
}

// unnamed takes up to n files out of the log that nobody reads any more, nor has
// named for so long.
func (l *Log) unnamed(n int, rest time.Duration) (list []*file) {
	now := l.o.Now()
	l.reading.Lock() // who reads now may have seen rows that named them
	defer l.reading.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if f.live > 0 || f.needed || f == l.now || now.Sub(f.until) < rest || len(list) == n {
			continue
		}
		delete(l.all, f.id)
		list = append(list, f)
	}
	return list
}

// Idle reports whether nothing in the current file is named, nor was so long ago.
func (l *Log) Idle(rest time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now != nil && l.now.live <= 0 && l.o.Now().Sub(l.now.until) >= rest
}

// Crowded is a file that should be written anew, as much of it is given up, or
// something of it for long. The current one has to be retired first.
func (l *Log) Crowded() (id int64, current, ok bool) {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		dead := f.size - f.live
		if f.kept || f.live <= 0 || dead == 0 {
			continue
		}
		rests := dead >= f.live && now.Sub(f.until) >= l.o.Rest
		if rests || !f.since.IsZero() && now.Sub(f.since) >= l.o.Linger {
			return f.id, f == l.now, true
		}
	}
	return 0, false, false
}

// Anew is called when a crowded file was written anew. If something in it is
// named still it stays until the next start, which Anew reports.
func (l *Log) Anew(id int64) (stays bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.all[id]
	if f == nil {
		return false
	}
	f.kept = f.live > 0
	return f.kept
}
