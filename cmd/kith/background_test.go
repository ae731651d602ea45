package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// background is a command that runs beside the script.
type background struct {
	cmd   *exec.Cmd
	lines chan string // what it writes to standard output
}

// begin starts a command.
func begin(ts *testscript.TestScript, _ bool, args []string) {
	program, err := exec.LookPath(args[0])
	ts.Check(err)
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "KITH_HOME="+ts.Getenv("KITH_HOME"))
	cmd.Stderr = ts.Stderr()
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	b := &background{cmd: cmd, lines: make(chan string)}
	go b.follow(out)
	ts.Defer(func() { _ = cmd.Process.Kill() })
	all(ts).background = b
}

func (b *background) follow(r io.Reader) {
	defer close(b.lines)
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		b.lines <- scanner.Text()
	}
}

// await waits for a line of the command that matches, and sets the variables
// that groups of the pattern are named for.
func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	late := time.After(startTime)
	for {
		select {
		case line, ok := <-all(ts).background.lines:
			if !ok {
				ts.Fatalf("the command ended before it wrote %s", pattern)
			}
			ts.Logf("%s", line)
			if found := pattern.FindStringSubmatch(line); found != nil {
				for i, name := range pattern.SubexpNames() {
					if name != "" {
						ts.Setenv(name, found[i])
					}
				}
				return
			}
		case <-late:
			ts.Fatalf("no %s in %v", pattern, startTime)
		}
	}
}

// interrupt is Ctrl-C: the command must end with the code that is given.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	b := all(ts).background
	ts.Check(b.cmd.Process.Signal(os.Interrupt))
	late := time.AfterFunc(endTime, func() { _ = b.cmd.Process.Kill() })
	for range b.lines { // ends when the command does
	}
	err := b.cmd.Wait()
	if !late.Stop() {
		ts.Fatalf("the command runs %v after Ctrl-C", endTime)
	}
	var exit *exec.ExitError
	if code := strconv.Itoa(exitOf(err, &exit)); code != args[0] {
		ts.Fatalf("the command ended with code %s, want %s", code, args[0])
	}
}
