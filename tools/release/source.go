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
	"runtime"
	"strconv"
	"strings"
	"time"
)

// source is what a release is made from.
type source struct {
	root    string
	version string
	commit  string
	date    time.Time // of the commit, or SOURCE_DATE_EPOCH; the time of all files
	built   map[target][]byte
}

// newSource finds out what the source is.
func newSource(ctx context.Context, o options) (*source, error) {
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$`).MatchString(o.version) {
		return nil, fmt.Errorf("-version is %q, and has to be like 0.1.0 or 0.1.0-rc.1", o.version)
	}
	root, err := filepath.Abs(o.root)
	if err != nil {
		return nil, err
	}
	s := &source{root: root, version: o.version, commit: o.commit, built: map[target][]byte{}}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if o.commit == "" {
		var at string
		if at, err = s.askGit(ctx); err != nil {
			return nil, err
		}
		if epoch == "" {
			epoch = at
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH is %q, and has to be seconds since 1970", epoch)
	}
	s.date = time.Unix(seconds, 0).UTC()
	return s, nil
}

// askGit reads the commit and its time, and wants everything to be committed.
func (s *source) askGit(ctx context.Context) (epoch string, err error) {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", s.root}, args...)...).Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w (outside a repository say -commit, and set SOURCE_DATE_EPOCH)", args[0], err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	changes, err := git("status", "--porcelain")
	if err != nil {
		return "", err
	}
	if changes != "" {
		return "", errors.New("there are changes that are in no commit: a release is made from a commit alone\n" + changes)
	}
	if s.commit, err = git("rev-parse", "HEAD"); err != nil {
		return "", err
	}
	return git("log", "-1", "--format=%ct")
}

// goCommand is the go command with an environment that leaves nothing to chance.
func (s *source) goCommand(ctx context.Context, t target, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = s.root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly -trimpath -buildvcs=false", "GOWORK=off", "GOEXPERIMENT=",
		"GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0")
	return c
}

// build returns the program for a system, which is built once.
func (s *source) build(ctx context.Context, t target) ([]byte, error) {
	if program := s.built[t]; program != nil {
		return program, nil
	}
	dir, err := os.MkdirTemp("", "kith-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	out := filepath.Join(dir, t.program())
	if err := s.buildTo(ctx, t, out); err != nil {
		return nil, err
	}
	s.built[t], err = os.ReadFile(out)
	return s.built[t], err
}

func (s *source) buildTo(ctx context.Context, t target, out string) error {
	const cli = "github.com/kith-web/kith/internal/cli."
	flags := fmt.Sprintf("-s -w -X %[1]sstampedVersion=%[2]s -X %[1]sstampedCommit=%[3]s -X %[1]sstampedDate=%[4]s",
		cli, s.version, s.commit, s.date.Format(time.RFC3339))
	c := s.goCommand(ctx, t, "build", "-ldflags", flags, "-o", out, "./cmd/kith")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, text)
	}
	return nil
}

// manual has the program itself, built for this system, write its manual pages
// and completions, in English. The folders are those below share.
func (s *source) manual(ctx context.Context) ([]file, error) {
	dir, err := os.MkdirTemp("", "kith-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	here := target{runtime.GOOS, runtime.GOARCH}
	data, err := s.build(ctx, here)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, here.program())
	if err := os.WriteFile(program, data, 0o755); err != nil {
		return nil, err
	}
	kith := func(args ...string) ([]byte, error) {
		c := exec.CommandContext(ctx, program, args...)
		c.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=", "KITH_HOME="+dir)
		var bad bytes.Buffer
		c.Stderr = &bad
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("kith %s: %w\n%s", strings.Join(args, " "), err, bad.Bytes())
		}
		return out, nil
	}
	var files []file
	for shell, path := range map[string]string{
		"bash": "bash-completion/completions/kith", "zsh": "zsh/site-functions/_kith",
		"fish": "fish/vendor_completions.d/kith.fish", "powershell": "powershell/kith.ps1",
	} {
		script, err := kith("completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: path, data: script, mode: 0o644})
	}
	pages := filepath.Join(dir, "pages")
	if _, err := kith("man", pages); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(pages)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(pages, e.Name()))
		if err != nil {
			return nil, err
		}
		section := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
		files = append(files, file{path: "man/man" + section + "/" + e.Name(), data: data, mode: 0o644})
	}
	return sorted(files), nil
}
