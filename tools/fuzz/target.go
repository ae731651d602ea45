package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// target is one fuzz function.
type target struct{ dir, name string }

func (t target) String() string { return filepath.ToSlash(t.dir) + "." + t.name }

// find lists the fuzz functions below root, by package and name.
func find(root string, only *regexp.Regexp) ([]target, error) {
	declared := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	var out []target
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range declared.FindAllSubmatch(text, -1) {
			if t := (target{dir, string(m[1])}); only.MatchString(t.String()) {
				out = append(out, t)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b target) int { return strings.Compare(a.String(), b.String()) })
	return out, err
}

// builder makes each package's test program once, and runs it.
type builder struct {
	o  options
	mu sync.Mutex
	of map[string]func() (string, error)
}

func newBuilder(o options) *builder { return &builder{o: o, of: map[string]func() (string, error){}} }

func (b *builder) program(dir string) (string, error) {
	b.mu.Lock()
	build, ok := b.of[dir]
	if !ok {
		build = sync.OnceValues(func() (string, error) {
			out := filepath.Join(b.o.corpus, "bin", strings.ReplaceAll(filepath.ToSlash(dir), "/", "-"))
			c := exec.Command("go", "test", "-c", "-fuzz=.", "-o", out, "./"+filepath.ToSlash(dir))
			c.Dir = b.o.root
			if text, err := c.CombinedOutput(); err != nil {
				return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
			}
			return out, nil
		})
		b.of[dir] = build
	}
	b.mu.Unlock()
	return build()
}

// result is what one turn did.
type result struct {
	cpu    time.Duration
	inputs int64
}

// grace is how long a target may take to end after its time, with all that it
// minimizes.
const grace = 3 * time.Minute

// fuzz gives a target one turn.
func (b *builder) fuzz(ctx context.Context, t target) (result, error) {
	program, err := b.program(t.dir)
	if err != nil {
		return result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.o.slice+grace)
	defer cancel()
	cache := filepath.Join(b.o.corpus, "learned", filepath.FromSlash(t.dir))
	c := exec.CommandContext(ctx, program, "-test.run=^$", "-test.fuzz=^"+t.name+"$", "-test.fuzztime="+b.o.slice.String(),
		"-test.fuzzcachedir="+cache, "-test.parallel=1", "-test.fuzzminimizetime=10s")
	c.Dir = filepath.Join(b.o.root, t.dir)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	text, err := c.CombinedOutput()
	if err != nil && ctx.Err() == nil {
		return result{}, fmt.Errorf("%w:\n%s", err, text)
	}
	spent := c.ProcessState.UserTime() + c.ProcessState.SystemTime() // with its workers
	r := result{cpu: spent, inputs: inputs(text)}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return r, fmt.Errorf("did not end within %s of its time", grace)
	}
	return r, nil
}

// inputs reads how many inputs the fuzzer says that it tried.
func inputs(text []byte) int64 {
	all := regexp.MustCompile(`execs: (\d+)`).FindAllSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(all[len(all)-1][1]), 10, 64)
	return n
}
