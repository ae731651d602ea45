package front

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

type hash = [sha256.Size]byte

// cache keeps pieces on disk by their hash, those used last.
type cache struct {
	dir   string
	limit int64

	mu    sync.Mutex
	used  int64
	order *list.List // of *cached, the one used last first
	at    map[hash]*list.Element
}

type cached struct {
	hash hash
	size int64
}

// openCache takes over what an earlier run left in dir.
func openCache(dir string, limit int64) (*cache, error) {
	c := &cache{dir: dir, limit: limit, order: list.New(), at: map[hash]*list.Element{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cache of a front: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the cache of a front: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		name, bad := hex.DecodeString(e.Name())
		if err != nil || bad != nil || len(name) != sha256.Size {
			_ = os.Remove(filepath.Join(dir, e.Name())) // half written
			continue
		}
		c.note(hash(name), info.Size())
	}
	c.trim()
	return c, nil
}

func (c *cache) path(h hash) string { return filepath.Join(c.dir, hex.EncodeToString(h[:])) }

func (c *cache) has(h hash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[h] != nil
}

// get returns a piece, verified.
func (c *cache) get(h hash) ([]byte, bool) {
	c.mu.Lock()
	e := c.at[h]
	if e != nil {
		c.order.MoveToFront(e)
	}
	c.mu.Unlock()
	if e == nil {
		return nil, false
	}
	data, err := os.ReadFile(c.path(h))
	if err == nil && sha256.Sum256(data) == h {
		return data, true
	}
	c.mu.Lock()
	c.drop(h)
	c.mu.Unlock()
	return nil, false
}

// put keeps a piece, and gives up others for it.
func (c *cache) put(h hash, data []byte) error {
	if int64(len(data)) > c.limit || c.has(h) {
		return nil
	}
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.path(h))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	c.note(h, int64(len(data)))
	c.trim()
	return nil
}

func (c *cache) note(h hash, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at[h] == nil {
		c.at[h] = c.order.PushFront(&cached{h, size})
		c.used += size
	}
}

func (c *cache) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.used > c.limit {
		c.drop(c.order.Back().Value.(*cached).hash)
	}
}

// drop forgets a piece; c.mu is held.
func (c *cache) drop(h hash) {
	e := c.at[h]
	if e == nil {
		return
	}
	c.used -= c.order.Remove(e).(*cached).size
	delete(c.at, h)
	if err := os.Remove(c.path(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return // it is found again at the next start
	}
}
