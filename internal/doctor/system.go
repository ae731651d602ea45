package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/text"
)

// commandTime is how long a program of the system may take to answer.
const commandTime = 3 * time.Second

// system reads what the system says of itself; root is a folder in its place.
type system struct {
	root string
	path string // a folder of programs in place of $PATH
}

func (s system) read(name string) ([]byte, error) { return os.ReadFile(s.root + name) }

// errNoProgram says that a program is not installed.
var errNoProgram = errors.New("not installed")

// run runs a program that only tells. What it says is in its output; how it ended in
// the error.
func (s system) run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	path, err := s.find(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, errNoProgram)
	}
	out, err := exec.CommandContext(ctx, path, args...).Output()
	return string(out), err
}

// find looks for a program also where users' paths do not lead.
func (s system) find(name string) (string, error) {
	if s.path != "" {
		return exec.LookPath(s.path + "/" + name)
	}
	path, err := exec.LookPath(name)
	if err != nil && runtime.GOOS != "windows" {
		for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/libexec/ApplicationFirewall/"} {
			if path, err := exec.LookPath(dir + name); err == nil {
				return path, nil
			}
		}
	}
	return path, err
}

// hint chooses what to do by the system: "linux", "darwin", "windows"; "" is for the
// others.
func hint(by map[string]text.Phrase) text.Phrase {
	if h, ok := by[runtime.GOOS]; ok {
		return h
	}
	return by[""]
}

// list joins some words: a, b and c.
func list(words []string) text.Phrase {
	if len(words) < 2 {
		return text.Of("%s", strings.Join(words, ""))
	}
	last := len(words) - 1
	return text.Of("%s and %s", strings.Join(words[:last], ", "), words[last])
}
