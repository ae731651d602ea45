package segment

import (
	"errors"
	"fmt"
	"os"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

const (
	// piece is how much is written at once, roughly.
	piece = 256 << 10
	// spare is the largest buffer that is kept for writing.
	spare = 2 * piece
)

// Ready makes sure that there is a file to add to, and reports whether the
// database has to flush the transaction that comes, since it does not know of the
// file. The goroutine that writes calls it before Add.
func (l *Log) Ready() (flush bool, err error) {
	l.mu.Lock()
	full := l.now != nil && l.now.size >= l.o.Octets
	l.mu.Unlock()
	if full {
		l.Retire()
	}
	if l.now == nil {
		if err := l.begin(); err != nil {
			return false, fmt.Errorf("begin a file of bodies: %w", err)
		}
	}
	l.sequence++
	l.Undo()
	return !l.now.anchored, nil
}

// begin makes a file to append to: from one that nobody needs if there is such,
// since writing over octets costs a disk less than new ones do.
func (l *Log) begin() (err error) {
	l.mu.Lock()
	l.last++
	for _, err := os.Lstat(l.path(l.last)); err == nil; _, err = os.Lstat(l.path(l.last)) {
		l.last++ // left by a migration that was broken off
	}
	f := &file{id: l.last}
	l.mu.Unlock()
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	for _, old := range l.unnamed(1, 0) {
		if old.worn {
			err = l.remove(old)
		} else if err = os.Rename(l.path(old.id), l.path(f.id)); err == nil {
			flags = os.O_RDWR
		}
		if err != nil {
			return err
		}
	}
	if f.f, err = os.OpenFile(l.path(f.id), flags, 0o600); err != nil {
		return err
	}
	if err := queue.SyncDir(l.dir); err != nil {
		return errors.Join(err, f.f.Close(), l.remove(f))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[f.id], l.now = f, f
	return nil
}

// Add adds a record, and says where it will be. The goroutine that writes calls
// it; the body may be in use until Flush or Undo.
func (l *Log) Add(r Record) (Place, error) {
	if len(r.Body) > MaxBody {
		return Place{}, fmt.Errorf("a body of %d octets", len(r.Body))
	}
	at := Place{l.now.id, l.end}
	l.buf = l.sealed(l.buf, r)
	l.end += Head + int64(len(r.Body))
	if len(l.buf) < piece {
		return at, nil
	}
	return at, l.write()
}

func (l *Log) write() error {
	if _, err := l.now.f.WriteAt(l.buf, l.from); err != nil {
		return fmt.Errorf("write bodies: %w", err)
	}
	l.from = l.end
	if l.buf = l.buf[:0]; cap(l.buf) > spare {
		l.buf = nil
	}
	return nil
}

// Flush makes what was added durable, and reports whether there was anything.
// The goroutine that writes calls it.
func (l *Log) Flush() (wrote bool, err error) {
	if l.now == nil || l.end == l.now.size {
		return false, nil
	}
	if len(l.buf) > 0 {
		if err := l.write(); err != nil {
			return false, err
		}
	}
	if err := queue.SyncData(l.now.f); err != nil {
		// Whether a second attempt tells the truth depends on the system.
		l.mu.Lock()
		l.now.worn = true
		l.mu.Unlock()
		l.Retire()
		return false, fmt.Errorf("flush bodies: %w", err)
	}
	return true, nil
}

// Position is where a replay would begin after what was added. The goroutine
// that writes calls it.
func (l *Log) Position() (at Place, sequence int64) {
	if l.now == nil {
		return Place{}, l.sequence
	}
	return Place{l.now.id, l.end}, l.sequence
}

// Undo forgets what was added since Settle. The goroutine that writes calls it.
func (l *Log) Undo() {
	l.buf = l.buf[:0]
	if l.now == nil {
		return
	}
	if l.from > l.now.size {
		_ = l.now.f.Truncate(l.now.size) // it would be written over in any case
	}
	l.from, l.end = l.now.size, l.now.size
}

// Retire ends appending to the current file. The goroutine that writes calls it.
// The database has to flush the transaction in which it notes that.
func (l *Log) Retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.now; f != nil {
		_ = f.f.Close() // what matters was flushed
		f.f, l.now = nil, nil
	}
}

// Settle notes, after a transaction, that what was added stays, and by how many
// octets more or less each file is named; flushed says whether the database
// flushed it. The goroutine that writes calls it.
func (l *Log) Settle(change map[int64]int64, flushed bool) {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != nil {
		l.now.size = l.end
		l.now.needed = true
	}
	for id, n := range change {
		f := l.all[id]
		if f == nil {
			continue
		}
		if f.live += n; n < 0 {
			f.until = now
			if f.since.IsZero() {
				f.since = now
			}
		}
	}
	if !flushed {
		return
	}
	for _, f := range l.all {
		f.needed = f == l.now
		f.anchored = f.anchored || f == l.now
	}
}
