package mailbox

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// chunks is a folder of chunks. Each is a file named by its id, below a folder
// of the id's first octet, and begins with the hash that erases it. When it was
// written the file system knows.
type chunks struct {
	dir  string
	most int64 // octets of all together
	age  time.Duration
	held atomic.Int64
}

// eraseSize is what a file has before its chunk.
const eraseSize = 32

// partial is how names of files begin that are being written.
const partial = "part-"

var (
	errChunkTaken = errors.New("another chunk has this id")
	errChunksFull = errors.New("no room for more chunks")
)

// openChunks makes the folder and counts what is in it; what was being written
// when a relay ended is removed.
func openChunks(dir string, most int64, age time.Duration) (*chunks, error) {
	c := &chunks{dir: dir, most: most, age: age}
	for i := range 256 {
		if err := os.MkdirAll(filepath.Join(dir, hex.EncodeToString([]byte{byte(i)})), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of chunks: %w", err)
		}
	}
	err := c.each(func(path string, info fs.FileInfo) error {
		if strings.HasPrefix(info.Name(), partial) {
			return gone(os.Remove(path))
		}
		c.held.Add(info.Size())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through the chunks: %w", err)
	}
	return c, nil
}

// each calls f with every file.
func (c *chunks) each(f func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		return f(path, info)
	})
}

// gone drops the error for what another has removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (c *chunks) path(id mailbox.ID) string {
	name := hex.EncodeToString(id[:])
	return filepath.Join(c.dir, name[:2], name)
}

// open returns a chunk and its length.
func (c *chunks) open(id mailbox.ID) (*os.File, int64, time.Time, error) {
	f, err := os.Open(c.path(id))
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	info, err := f.Stat()
	if err == nil && (info.Size() < eraseSize || time.Since(info.ModTime()) > c.age) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, 0, time.Time{}, errors.Join(err, f.Close())
	}
	return f, info.Size() - eraseSize, info.ModTime(), nil
}

// erase is the hash that erases a chunk.
func (c *chunks) erase(id mailbox.ID) (hash [eraseSize]byte, err error) {
	f, _, _, err := c.open(id)
	if err != nil {
		return hash, err
	}
	_, err = io.ReadFull(f, hash[:])
	return hash, errors.Join(err, f.Close())
}

// put keeps a chunk of a size, durably. created is false when it was there.
func (c *chunks) put(id mailbox.ID, erase [eraseSize]byte, size int64, body io.Reader) (created bool, err error) {
	if was, err := c.erase(id); err == nil {
		return false, same(was, erase)
	}
	all := size + eraseSize
	if c.held.Add(all) > c.most {
		c.held.Add(-all)
		return false, errChunksFull
	}
	created, err = c.write(id, erase, size, body)
	if !created {
		c.held.Add(-all)
	}
	return created, err
}

func same(was, erase [eraseSize]byte) error {
	if subtle.ConstantTimeCompare(was[:], erase[:]) != 1 {
		return errChunkTaken
	}
	return nil
}

// write writes a file beside and puts it in place, unless one came before it.
func (c *chunks) write(id mailbox.ID, erase [eraseSize]byte, size int64, body io.Reader) (created bool, err error) {
	path := c.path(id)
	dir := filepath.Dir(path)
	temporary := filepath.Join(dir, partial+rand.Text())
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false, full(err)
	}
	_, err = f.Write(erase[:])
	if err == nil {
		_, err = io.CopyN(f, body, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Link(temporary, path) // unlike a renaming it replaces nothing
	}
	if errors.Is(err, fs.ErrExist) {
		if was, found := c.erase(id); found == nil {
			return false, errors.Join(same(was, erase), os.Remove(temporary))
		}
		// One that has outlived its time makes room.
		err = errors.Join(gone(c.unlink(path)), os.Rename(temporary, path))
	} else {
		err = errors.Join(full(err), gone(os.Remove(temporary)))
	}
	if err != nil {
		return false, err
	}
	return true, queue.SyncDir(dir)
}

// full tells a full disk from other trouble.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(errChunksFull, err)
	}
	return err
}

// remove erases a chunk for who has the key.
func (c *chunks) remove(id mailbox.ID, key [32]byte) error {
	was, err := c.erase(id)
	if err != nil {
		return err
	}
	if same(was, mailbox.EraseHash(key)) != nil {
		return fs.ErrNotExist
	}
	return c.unlink(c.path(id))
}

func (c *chunks) unlink(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	c.held.Add(-info.Size())
	return queue.SyncDir(filepath.Dir(path))
}

// sweep erases what has outlived its time.
func (c *chunks) sweep(ctx context.Context, now time.Time) error {
	return c.each(func(path string, info fs.FileInfo) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if now.Sub(info.ModTime()) <= c.age || strings.HasPrefix(info.Name(), partial) {
			return nil
		}
		return gone(c.unlink(path))
	})
}
