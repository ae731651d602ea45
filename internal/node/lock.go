package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
)

// lockName is the file that the running node of a home holds locked. The lock
// belongs to the process: it is gone when the process is, however it ended.
const lockName = "lock"

// errLocked is what lockFile returns when another process holds the file.
var errLocked = errors.New("locked by another process")

// lockHome creates home when it is new and takes it for this process. who
// tells what is known of the node that has it, for the error.
func lockHome(home string, who func() string) (*os.File, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the home: %w", err)
	}
	// A home that was there before, for everybody to read, is closed to others.
	if err := os.Chmod(home, 0o700); err != nil {
		return nil, fmt.Errorf("close the home to other users: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(home, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the home's lock: %w", err)
	}
	err = lockFile(f)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, errLocked) {
		return nil, fault.New(fault.InUse, "a node is already running on %s%s", home, who()).
			WithHint("use that one ('kith status'), stop it, or start this one with another --home")
	}
	return nil, fmt.Errorf("lock the home: %w", err)
}
