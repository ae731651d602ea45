package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a new terminal.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	open := func(name string) *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	ours = open("/dev/ptmx")
	fd := int(ours.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	return ours, open(fmt.Sprintf("/dev/pts/%d", n))
}

// newcomer is somebody with a home, a terminal and a browser that only says what it
// was asked to open.
type newcomer struct {
	t      *testing.T
	dir    string
	opened *os.File
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	n := &newcomer{t: t, dir: t.TempDir()}
	pipe := filepath.Join(n.dir, "opened")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if n.opened, err = os.OpenFile(pipe, os.O_RDWR|unix.O_NONBLOCK, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.opened.Close() })
	config, err := os.ReadFile(filepath.Join("testdata", "offline.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"xdg-open": "#!/bin/sh\necho \"$1\" > " + pipe + "\n", "home/config.toml": string(config),
	} {
		name = filepath.Join(n.dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// up starts a node at a terminal, runs f when it is ready, and ends it.
func (n *newcomer) up(f func(), env string, args ...string) {
	n.t.Helper()
	ours, theirs := terminal(n.t)
	home := filepath.Join(n.dir, "home")
	cmd := exec.Command("kith", append([]string{"up", "--home", home, "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+n.dir+":"+os.Getenv("PATH"), "DISPLAY=:9", "CI=", "SSH_CONNECTION=", "SSH_TTY=", env)
	cmd.Stdout, cmd.Stderr = theirs, theirs
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	said := bufio.NewScanner(ours)
	for said.Scan() && !strings.Contains(said.Text(), "msg=ready") {
		n.t.Log(said.Text())
	}
	go func() {
		for said.Scan() { // until the terminal is closed
		}
	}()
	f()
	if out, err := exec.Command("kith", "down", "--home", home).CombinedOutput(); err != nil {
		n.t.Errorf("%v: %s", err, out)
	}
	if err := cmd.Wait(); err != nil {
		n.t.Error(err)
	}
}

// asked is what the browser was asked to open, or "" for nothing so far.
func (n *newcomer) asked(patience time.Duration) string {
	n.t.Helper()
	if err := n.opened.SetReadDeadline(time.Now().Add(patience)); err != nil {
		n.t.Fatal(err)
	}
	line := make([]byte, 1024)
	count, err := n.opened.Read(line)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		n.t.Fatal(err)
	}
	return strings.TrimSpace(string(line[:count]))
}

// TestTheFirstRunOpensTheTour also holds what must not: nobody is shown a browser
// who is not there to see it, or does not want it.
func TestTheFirstRunOpensTheTour(t *testing.T) {
	n := newNewcomer(t)
	nothing := func() {}
	n.up(nothing, "CI=true")
	n.up(nothing, "DISPLAY=")
	n.up(nothing, "LANG=C", "--no-browser")
	if got := n.asked(time.Millisecond); got != "" {
		t.Errorf("a browser was opened at %s", got)
	}
	n.up(func() {
		if got := n.asked(time.Minute); !strings.HasPrefix(got, "http://localhost:") || !strings.HasSuffix(got, "/#/tour") {
			t.Errorf("the browser was opened at %q", got)
		}
		site := filepath.Join(n.dir, "site")
		if err := os.Mkdir(site, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(site, "index.html"), []byte("hi"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("kith", "publish", "--home", filepath.Join(n.dir, "home"), site).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}, "LANG=C")
	n.up(nothing, "LANG=C") // the home is not new any more
	if got := n.asked(time.Millisecond); got != "" {
		t.Errorf("a browser was opened at %s, with a home that is in use", got)
	}
}
