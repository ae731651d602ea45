package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options configure a Store.
type Options struct {
	// Dir is the folder of the packs; it is made when it is not there.
	Dir string
	// FlushEvery is how long a block may be on disk without its index record,
	// the most that a crash loses: 500 ms.
	FlushEvery time.Duration
}

// Store is a folder of packs.
type Store struct {
	o Options

	mu     sync.Mutex
	packs  map[string]*Pack // loaded
	serial int
}

// Prefixes of folders in the making and in the unmaking.
const (
	draftPrefix = ".draft-"
	trashPrefix = ".trash-"
)

// Open opens the store and clears away what a crash left unfinished.
func Open(o Options) (*Store, error) {
	if o.FlushEvery <= 0 {
		o.FlushEvery = 500 * time.Millisecond
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open block store: %w", err)
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open block store: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), draftPrefix) || strings.HasPrefix(e.Name(), trashPrefix) {
			if err := os.RemoveAll(filepath.Join(o.Dir, e.Name())); err != nil {
				return nil, fmt.Errorf("clear block store: %w", err)
			}
		}
	}
	return &Store{o: o, packs: map[string]*Pack{}}, nil
}

// Has reports whether there is a pack called name.
func (s *Store) Has(name string) bool {
	_, err := os.Stat(filepath.Join(s.o.Dir, name, "index"))
	return err == nil
}

// Meta returns what SetMeta stored with the pack called name, without opening
// it.
func (s *Store) Meta(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.o.Dir, name, "meta"))
}

// Names lists the packs on disk.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.o.Dir)
	if err != nil {
		return nil, fmt.Errorf("list block store: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Pack opens the pack called name, making it when it is new. Each Pack is
// closed by Pack.Close; opening an open one returns the same.
func (s *Store) Pack(name string) (*Pack, error) {
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return nil, fmt.Errorf("open pack %q: %w", name, fs.ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.packs[name]; ok {
		p.refs++
		return p, nil
	}
	p := &Pack{store: s, name: name, refs: 1}
	if err := p.load(filepath.Join(s.o.Dir, name)); err != nil {
		return nil, err
	}
	s.packs[name] = p
	return p, nil
}

// Remove deletes the pack called name. Whoever has it open gets fs.ErrClosed.
func (s *Store) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.packs[name]; ok {
		delete(s.packs, name)
		p.shut()
	}
	return s.discard(filepath.Join(s.o.Dir, name))
}

// discard deletes a folder so that a crash never leaves half of it behind.
// s.mu is held.
func (s *Store) discard(dir string) error {
	trash := s.fresh(trashPrefix)
	if err := os.Rename(dir, trash); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("remove pack: %w", err)
	}
	if err := os.RemoveAll(trash); err != nil {
		return fmt.Errorf("remove pack: %w", err)
	}
	return nil
}

// fresh returns an unused path. s.mu is held.
func (s *Store) fresh(prefix string) string {
	s.serial++
	return filepath.Join(s.o.Dir, fmt.Sprintf("%s%d", prefix, s.serial))
}

// release gives back one reference to p.
func (s *Store) release(p *Pack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.refs--
	if p.refs > 0 || s.packs[p.name] != p {
		return nil
	}
	delete(s.packs, p.name)
	err := p.Flush()
	p.shut()
	return err
}

// Close flushes and closes every open pack.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, p := range s.packs {
		errs = append(errs, p.Flush())
		p.shut()
		delete(s.packs, name)
	}
	return errors.Join(errs...)
}
