package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// mark stands in every file that Install writes: a file without it is somebody
// else's, and is neither replaced nor removed.
const mark = "made by 'kith install'"

// step is one thing to do, and how to undo it.
type step interface {
	// plan says what do does; "" when that is nothing.
	plan() string
	do(ctx context.Context, i *Installer, r *record) error
	// undo returns what it did; "" when there was nothing to undo.
	undo(ctx context.Context, i *Installer, r *record) (string, error)
	// mayFail reports whether an installation is good without the step.
	mayFail() bool
}

// file is a step that writes a file.
type file struct {
	path string
	data []byte
	mode fs.FileMode
	// unmarked files are known by their content.
	unmarked bool
}

func (f file) plan() string { return "write " + f.path }

func (f file) mayFail() bool { return false }

func (f file) do(_ context.Context, _ *Installer, _ *record) error {
	old, err := os.ReadFile(f.path)
	if err == nil && !f.ours(old) {
		return fault.New(fault.Conflict, "%s is there and was not %s", f.path, mark).
			WithHint("move it away, and install again")
	}
	if err == nil && bytes.Equal(old, f.data) {
		return nil
	}
	return writeFile(f.path, f.data, f.mode)
}

func (f file) undo(context.Context, *Installer, *record) (string, error) {
	old, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	what := "remove " + f.path
	if err != nil {
		return what, err
	}
	if !f.ours(old) {
		return "leave " + f.path + ", which was not " + mark, nil
	}
	return what, os.Remove(f.path)
}

func (f file) ours(data []byte) bool {
	if f.unmarked {
		return bytes.Equal(data, f.data)
	}
	return bytes.Contains(data, []byte(mark))
}

// writeFile replaces a file in one step, making the folders above it.
func writeFile(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".kith-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // gone when it was renamed
	_, err = temp.Write(data)
	if chmod := temp.Chmod(mode); err == nil {
		err = chmod
	}
	if closing := temp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// command is a step that runs a program of the system.
type command struct {
	// run is run to do it, revert to undo it; nil for nothing.
	run, revert []string
	// needed says that an installation is no good without it.
	needed bool
}

func (c command) plan() string {
	if len(c.run) == 0 {
		return ""
	}
	return "run " + strings.Join(c.run, " ")
}

func (c command) mayFail() bool { return !c.needed }

func (c command) do(ctx context.Context, i *Installer, _ *record) error {
	if !i.o.Has(c.run[0]) {
		return fault.New(fault.Unsupported, "there is no %s here", c.run[0])
	}
	_, err := i.o.Run(ctx, c.run[0], c.run[1:]...)
	return err
}

func (c command) undo(ctx context.Context, i *Installer, _ *record) (string, error) {
	if len(c.revert) == 0 || !i.o.Has(c.revert[0]) {
		return "", nil
	}
	_, err := i.o.Run(ctx, c.revert[0], c.revert[1:]...)
	return "run " + strings.Join(c.revert, " "), err
}
