package sqlite

import (
	"errors"
	"io/fs"
	"os"
)

// reserve is room that is kept for the day on which other programs have filled
// the disk: erasing needs some too, for the log, and without it nobody could empty
// the store. It belongs to the writer's goroutine.
type reserve struct {
	path   string
	octets int64
	held   bool
}

// reserveSuffix follows the name of the store's file.
const reserveSuffix = ".reserve"

// openReserve takes the room, or finds that it is taken; a disk without room is no
// error.
func (s *Store) openReserve() *reserve {
	r := &reserve{path: s.path + reserveSuffix, octets: s.o.Reserve}
	info, err := os.Stat(r.path)
	if r.held = err == nil && info.Size() == r.octets; !r.held {
		r.take()
	}
	return r
}

// take writes the room full, with octets that no file system makes small.
func (r *reserve) take() {
	if r.held {
		return
	}
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	block := make([]byte, 64<<10)
	for i := range block {
		block[i] = byte(i*i*31 + i>>8*17)
	}
	for at := int64(0); at < r.octets && err == nil; at += int64(len(block)) {
		_, err = f.Write(block[:min(int64(len(block)), r.octets-at)])
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(r.path)
		return
	}
	r.held = true
}

// refill takes the reserve again when the disk has room for messages, too.
func (w *writer) refill() {
	if w.reserve.held {
		return
	}
	if used, err := w.s.o.DiskUsed(folder(w.s.path)); err == nil && used < w.s.o.DiskShare {
		w.reserve.take()
	}
}

// give returns the room to the disk, and reports whether there was any.
func (r *reserve) give() bool {
	if !r.held {
		return false
	}
	r.held = false
	err := os.Remove(r.path)
	return err == nil || errors.Is(err, fs.ErrNotExist)
}
