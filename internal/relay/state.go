package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
)

// load takes in the swarms of the relay before this one. A file that is broken
// is told of and left behind; the peers will announce again.
func (s *Server) load() error {
	if s.o.State == "" {
		return nil
	}
	f, err := os.Open(s.o.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the swarms: %w", err)
	}
	err = s.tracker.Load(f)
	if fault.KindOf(err) == fault.Corrupt {
		s.o.Log.Warn("the swarms kept are broken and given up", "file", s.o.State, "error", err)
		err = nil
	}
	return errors.Join(err, f.Close(), os.Remove(s.o.State))
}

// save keeps the swarms for the next relay. Nothing is lost but time where that
// fails.
func (s *Server) save() {
	if s.o.State == "" {
		return
	}
	if err := s.write(); err != nil {
		s.o.Log.Warn("the swarms cannot be kept", "file", s.o.State, "error", err)
	}
}

// write replaces the file as a whole, readable by its owner alone.
func (s *Server) write() error {
	f, err := os.CreateTemp(filepath.Dir(s.o.State), filepath.Base(s.o.State)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(s.tracker.Save(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.o.State)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
