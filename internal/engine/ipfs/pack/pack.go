package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Pack is the blocks of one site. It is safe for concurrent use.
type Pack struct {
	store *Store
	name  string
	refs  int // guarded by store.mu

	flushing sync.Mutex // one flush at a time; taken before mu

	mu      sync.RWMutex
	dir     string
	shutErr error // set when the pack was removed or closed
	data    *os.File
	log     *os.File
	end     int64 // where the next block goes in data
	logEnd  int64
	index   map[Key]Extent
	spare   map[Key][]Extent // further places of blocks that are in several files
	files   []File           // number n is files[n-1]
	stale   map[uint32]bool  // published files that changed
	pending []byte           // index records not on disk yet
	unsaved Usage            // the blocks of pending; Disk is not counted
	armed   bool             // a flush is due
	content int64            // bytes of blocks that are not nodes
	nodes   int64            // bytes of nodes
}

// Name is what the pack is called.
func (p *Pack) Name() string { return p.name }

// Usage is how much a pack holds.
type Usage struct {
	// Blocks are how many; Content and Nodes their bytes; Disk what of it is
	// in the pack instead of published files, index included.
	Blocks               int
	Content, Nodes, Disk int64
}

// add counts one block.
func (u *Usage) add(e Extent) {
	u.Blocks++
	if e.Node {
		u.Nodes += int64(e.Len)
	} else {
		u.Content += int64(e.Len)
	}
}

// Usage returns how much the pack holds.
func (p *Pack) Usage() Usage {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.usage()
}

func (p *Pack) usage() Usage {
	return Usage{len(p.index), p.content, p.nodes, p.end + p.logEnd + int64(len(p.pending))}
}

// Saved is Usage without the blocks that a crash would still take away.
func (p *Pack) Saved() Usage {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := p.usage()
	all.Blocks -= p.unsaved.Blocks
	all.Content -= p.unsaved.Content
	all.Nodes -= p.unsaved.Nodes
	return all
}

// Find returns where the block is.
func (p *Pack) Find(k Key) (Extent, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.index[k]
	return e, ok && p.shutErr == nil
}

// Err is fs.ErrClosed once the pack was removed or closed, else nil.
func (p *Pack) Err() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.shutErr
}

// Put stores a block. node tells structure from content. Putting a block that
// is there does nothing.
func (p *Pack) Put(k Key, data []byte, node bool) error {
	p.mu.Lock()
	if p.shutErr != nil {
		p.mu.Unlock()
		return p.shutErr
	}
	if _, ok := p.index[k]; ok {
		p.mu.Unlock()
		return nil
	}
	file, e := p.data, Extent{Off: p.end, Len: len(data), Node: node}
	p.end += int64(len(data))
	p.mu.Unlock()

	if _, err := file.WriteAt(data, e.Off); err != nil {
		return fmt.Errorf("store block: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.data == file && p.shutErr == nil { // not replaced by a Draft meanwhile
		p.insert(k, e)
		p.note(k, e)
	}
	return p.shutErr
}

// insert enters a block into the index in memory. p.mu is held.
func (p *Pack) insert(k Key, e Extent) {
	if old, ok := p.index[k]; ok {
		if old.file != e.file || old.Off != e.Off {
			p.spare[k] = append(p.spare[k], e)
		}
		return
	}
	p.index[k] = e
	p.count(e, 1)
}

// count adds e to the totals, or takes it away. p.mu is held.
func (p *Pack) count(e Extent, sign int64) {
	if e.Node {
		p.nodes += sign * int64(e.Len)
	} else {
		p.content += sign * int64(e.Len)
	}
}

// note queues the index record of a block and sees to it that it gets written.
// p.mu is held.
func (p *Pack) note(k Key, e Extent) {
	p.pending = appendRecord(p.pending, k, e)
	p.unsaved.add(e)
	if p.store == nil || p.armed {
		return
	}
	p.armed = true
	time.AfterFunc(p.store.o.FlushEvery, func() { _ = p.Flush() })
}

// Flush makes everything put so far durable.
func (p *Pack) Flush() error {
	p.flushing.Lock()
	defer p.flushing.Unlock()
	p.mu.Lock()
	records, data, log, at := p.pending, p.data, p.log, p.logEnd
	saving := p.unsaved
	p.pending, p.armed = nil, false
	shut := p.shutErr != nil
	p.mu.Unlock()
	if len(records) == 0 || shut {
		return nil
	}
	err := data.Sync()
	if err == nil {
		_, err = log.WriteAt(records, at)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.logEnd = at + int64(len(records))
		p.unsaved.Blocks -= saving.Blocks
		p.unsaved.Content -= saving.Content
		p.unsaved.Nodes -= saving.Nodes
		return nil
	}
	if p.shutErr != nil {
		return nil
	}
	p.pending = append(records, p.pending...)
	return fmt.Errorf("write block index: %w", err)
}

// Meta returns what SetMeta stored; fs.ErrNotExist when nothing was.
func (p *Pack) Meta() ([]byte, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.shutErr != nil {
		return nil, p.shutErr
	}
	return os.ReadFile(filepath.Join(p.dir, "meta"))
}

// SetMeta replaces what the engine remembers of the site, atomically.
func (p *Pack) SetMeta(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutErr != nil {
		return p.shutErr
	}
	tmp := filepath.Join(p.dir, "meta.new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write site record: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(p.dir, "meta")); err != nil {
		return fmt.Errorf("write site record: %w", err)
	}
	return nil
}

// Close gives the pack back.
func (p *Pack) Close() error { return p.store.release(p) }

// shut closes the pack's files; what still reads it gets fs.ErrClosed.
func (p *Pack) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutErr != nil {
		return
	}
	p.shutErr = fs.ErrClosed
	_ = errors.Join(p.data.Close(), p.log.Close())
	p.index, p.spare, p.files = nil, nil, nil
}

// Drop forgets a block that turned out to be damaged, so that it can be put
// again.
func (p *Pack) Drop(k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.index[k]; ok {
		delete(p.index, k)
		p.count(e, -1)
	}
}
