package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running program, whose output is kept.
type Process struct {
	Name string
	cmd  *exec.Cmd
	out  output
	done chan struct{} // closed when it has ended
	err  error         // how, after done
	read chan struct{} // closed when its terminal says nothing more; nil without one
}

// Program says how to start a Process.
type Program struct {
	Path string
	Args []string
	Dir  string
	Env  []string // added to this process's own
	// Namespace is the network namespace to run in; "" for ours.
	Namespace string
}

func (p Program) command(ctx context.Context) *exec.Cmd {
	path, args := p.Path, p.Args
	if p.Namespace != "" {
		path, args = "ip", append([]string{"netns", "exec", p.Namespace, p.Path}, args...)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = p.Dir
	cmd.Env = append(os.Environ(), p.Env...)
	return cmd
}

// Start starts a program, which is killed when t ends. Its output is shown when
// t fails.
func Start(t testing.TB, p Program) *Process {
	t.Helper()
	r := newProcess(p)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	r.start(t, p)
	return r
}

func newProcess(p Program) *Process {
	r := &Process{Name: p.Path, cmd: p.command(context.Background()), done: make(chan struct{})}
	r.out.grown = make(chan struct{})
	return r
}

func (p *Process) start(t testing.TB, what Program) {
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.Name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		if p.read != nil {
			<-p.read
		}
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("output of %s %s:\n%s", p.Name, strings.Join(what.Args, " "), tail(p.out.String(), 4000))
		}
	})
}

// Run runs a program to its end, which must be a good one, and returns what it
// wrote to standard output.
func Run(t testing.TB, p Program) string {
	t.Helper()
	out, stderr, err := TryRun(t, p)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", p.Path, strings.Join(p.Args, " "), err, tail(out, 2000), tail(stderr, 4000))
	}
	return out
}

// TryRun runs a program to its end.
func TryRun(t testing.TB, p Program) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := p.command(ctx)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	err = cmd.Run()
	return out.String(), bad.String(), err
}

// PID is the process's identifier.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is what the process has written so far, to both of its outputs.
func (p *Process) Output() string { return p.out.String() }

// Kill ends the process at once (SIGKILL) and waits for it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the process to end (SIGTERM) and returns how it did. It is killed,
// which is an error, when that takes longer than patience.
func (p *Process) Stop(patience time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return p.err
	case <-time.After(patience):
		p.Kill()
		return fmt.Errorf("%s did not end within %v of SIGTERM", p.Name, patience)
	}
}

// Wait waits for the process to end by itself.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Await waits until the output matches and returns the submatches.
func (p *Process) Await(ctx context.Context, re *regexp.Regexp) ([]string, error) {
	for {
		text, grown := p.out.look()
		if m := re.FindStringSubmatch(text); m != nil {
			return m, nil
		}
		select {
		case <-grown:
		case <-p.done:
			if text, _ := p.out.look(); re.MatchString(text) {
				return re.FindStringSubmatch(text), nil
			}
			return nil, fmt.Errorf("%s ended (%v) before it said %s:\n%s", p.Name, p.err, re, tail(p.out.String(), 4000))
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s has not said %s:\n%s", p.Name, re, tail(p.out.String(), 4000)), ctx.Err())
		}
	}
}

// output collects what a process writes, and says when there is more.
type output struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	grown chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grown)
	o.grown = make(chan struct{})
	return o.buf.Write(p)
}

func (o *output) look() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String(), o.grown
}

// String returns everything so far.
func (o *output) String() string {
	text, _ := o.look()
	return text
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}
