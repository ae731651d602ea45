package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// record says how long each target has run in all.
type record struct {
	root string

	mu      sync.Mutex
	targets map[string]entry
}

type entry struct {
	Seconds float64 `json:"seconds"` // of one processor
	Inputs  int64   `json:"inputs"`
}

func (r *record) path() string { return filepath.Join(r.root, "docs", "fuzzing.json") }

func readRecord(root string) (*record, error) {
	r := &record{root: root, targets: map[string]entry{}}
	data, err := os.ReadFile(r.path())
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &r.targets); err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(), err)
	}
	return r, nil
}

func (r *record) had(t target) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Duration(r.targets[t.String()].Seconds * float64(time.Second))
}

// add notes a turn, writes the record and its page, and returns what the target
// has had in all.
func (r *record) add(t target, turn result) (time.Duration, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.targets[t.String()]
	e.Seconds += float64(turn.cpu.Round(time.Second)) / float64(time.Second)
	e.Inputs += turn.inputs
	r.targets[t.String()] = e
	total := time.Duration(e.Seconds * float64(time.Second))
	data, err := json.MarshalIndent(r.targets, "", "  ")
	if err != nil {
		return total, err
	}
	if err := os.WriteFile(r.path(), append(data, '\n'), 0o644); err != nil {
		return total, err
	}
	return total, os.WriteFile(filepath.Join(r.root, "docs", "fuzzing.md"), []byte(r.page()), 0o644)
}

func (r *record) page() string {
	var b strings.Builder
	b.WriteString(`# Fuzzing

How long each parser has been fuzzed so far, in processor time, and with how many inputs. Written by

    go run -C tools ./fuzz -each 1h

which gives each target its turns until all have had an hour, can be stopped at any time, and goes on where it was. Inputs that broke something are in the packages' ` + "`testdata/fuzz`" + ` and run with every test.

| package | target | minutes | inputs |
| --- | --- | ---: | ---: |
`)
	var all entry
	for _, name := range slices.Sorted(maps.Keys(r.targets)) {
		e := r.targets[name]
		all.Seconds += e.Seconds
		all.Inputs += e.Inputs
		dot := strings.LastIndexByte(name, '.')
		fmt.Fprintf(&b, "| `%s` | `%s` | %.0f | %s |\n", name[:dot], name[dot+1:], e.Seconds/60, thousands(e.Inputs))
	}
	fmt.Fprintf(&b, "| all | | %.0f | %s |\n", all.Seconds/60, thousands(all.Inputs))
	return b.String()
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
