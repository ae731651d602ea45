package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// The version of a home is that of all that is in it together: which files
// there are and what they mean. Each database has a version of its own beside
// it and migrates by itself; this one rises when an older program would harm
// or misread what a newer one left. A home without the file is of version 1.
const (
	homeVersionName = "version"
	homeVersion     = 1
)

// homeVersionSize bounds what is read of the file.
const homeVersionSize = 64

// checkHomeVersion refuses a home that a newer program wrote, touching nothing
// in it, and marks one that has no mark.
func checkHomeVersion(home string) error {
	path := filepath.Join(home, homeVersionName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(path, fmt.Appendln(nil, homeVersion), 0o600); err != nil {
			return fmt.Errorf("mark the home with its version: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the home's version: %w", err)
	}
	var text []byte
	if info.Size() <= homeVersionSize {
		if text, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("read the home's version: %w", err)
		}
	}
	version, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil || version == 0 {
		return fault.New(fault.Corrupt, "%s does not say which version the home has", path).
			WithHint("write %d into it if this or an older Kith used the home last, else put a backup there", homeVersion)
	}
	if version > homeVersion {
		return fault.New(fault.Unsupported, "the home %s has version %d, and this program knows versions up to %d", home, version, homeVersion).
			WithHint("it was written by a newer Kith: update this one, or choose another folder with --home")
	}
	return nil
}
