package pack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Draft is a pack in the making: what a person publishes. Nothing of it is
// found before Commit. It is not safe for concurrent use.
type Draft struct {
	store *Store
	pack  *Pack
	done  bool
}

// Draft begins a pack.
func (s *Store) Draft() (*Draft, error) {
	s.mu.Lock()
	dir := s.fresh(draftPrefix)
	s.mu.Unlock()
	p := &Pack{} // without a store: flushed by Commit alone
	if err := p.load(dir); err != nil {
		return nil, err
	}
	return &Draft{store: s, pack: p}, nil
}

// Put stores a block of structure in the pack itself.
func (d *Draft) Put(k Key, data []byte) error { return d.pack.Put(k, data, true) }

// Has reports whether the draft has the block already.
func (d *Draft) Has(k Key) bool {
	_, ok := d.pack.Find(k)
	return ok
}

// Refer says that a block of content is at off in the published file that the
// n-th AddFile (from 0) will name.
func (d *Draft) Refer(k Key, n int, off int64, length int) {
	e := Extent{Off: off, Len: length, file: uint32(n) + 1}
	d.pack.mu.Lock()
	defer d.pack.mu.Unlock()
	d.pack.insert(k, e)
	d.pack.note(k, e)
}

// AddFile names the next published file.
func (d *Draft) AddFile(f File) { d.pack.files = append(d.pack.files, f) }

// Usage returns how much the draft holds.
func (d *Draft) Usage() Usage { return d.pack.Usage() }

// Commit makes the draft the pack called name, in place of one that is there.
// Whoever has that one open reads the new one from then on.
func (d *Draft) Commit(name string, meta []byte) error {
	if err := d.write(meta); err != nil {
		return err
	}
	s := d.store
	s.mu.Lock()
	defer s.mu.Unlock()
	loaded := s.packs[name]
	if loaded != nil {
		if err := loaded.Flush(); err != nil {
			return err
		}
		loaded.flushing.Lock()
		defer loaded.flushing.Unlock()
		loaded.mu.Lock()
		defer loaded.mu.Unlock()
	}
	dir := filepath.Join(s.o.Dir, name)
	if err := s.discard(dir); err != nil {
		return err
	}
	if err := os.Rename(d.pack.dir, dir); err != nil {
		return fmt.Errorf("commit pack: %w", err)
	}
	d.done = true
	if loaded == nil {
		d.pack.shut()
		return syncDir(s.o.Dir)
	}
	loaded.adopt(d.pack, dir)
	return syncDir(s.o.Dir)
}

// adopt makes p what d is. p.mu is held; d is not used afterwards.
func (p *Pack) adopt(d *Pack, dir string) {
	_ = errors.Join(p.data.Close(), p.log.Close())
	p.dir, p.data, p.log, p.end, p.logEnd = dir, d.data, d.log, d.end, d.logEnd
	p.index, p.spare, p.files, p.stale = d.index, d.spare, d.files, d.stale
	p.content, p.nodes, p.pending, p.unsaved, p.armed = d.content, d.nodes, nil, Usage{}, false
}

// write makes everything but the folder's name durable.
func (d *Draft) write(meta []byte) error {
	f, err := os.Create(filepath.Join(d.pack.dir, "files"))
	if err != nil {
		return fmt.Errorf("commit pack: %w", err)
	}
	out := bufio.NewWriter(f)
	enc := json.NewEncoder(out)
	for _, file := range d.pack.files {
		err = errors.Join(err, enc.Encode(file))
	}
	err = errors.Join(err, out.Flush(), f.Sync(), f.Close(), d.pack.Flush(), d.pack.SetMeta(meta), d.pack.log.Sync())
	if err != nil {
		return fmt.Errorf("commit pack: %w", err)
	}
	return nil
}

// Abort drops the draft; after Commit it does nothing.
func (d *Draft) Abort() {
	if d.done {
		return
	}
	d.done = true
	d.pack.shut()
	_ = os.RemoveAll(d.pack.dir)
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("commit pack: %w", err)
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}
