package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	// startTime is how long a node may take to say that it is ready, on a
	// machine that is busy with other tests.
	startTime = 30 * time.Second
	// endTime is what the command promises.
	endTime = 5 * time.Second
)

type nodesKey struct{}

// nodes are those that a script started, by home.
type nodes struct {
	mu      sync.Mutex
	running map[string]*running

	background *background // the last that begin started
}

type running struct {
	cmd  *exec.Cmd
	done chan error
	log  *logTail
}

// logTail keeps what a node wrote and tells when it is ready.
type logTail struct {
	mu    sync.Mutex
	text  strings.Builder
	ready chan string
}

func (l *logTail) follow(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		l.mu.Lock()
		l.text.WriteString(lines.Text() + "\n")
		l.mu.Unlock()
		if _, console, ok := strings.Cut(lines.Text(), "msg=ready console="); ok {
			l.ready <- console
		}
	}
	close(l.ready)
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func all(ts *testscript.TestScript) *nodes { return ts.Value(nodesKey{}).(*nodes) }

func homeOf(ts *testscript.TestScript, args []string) string {
	if len(args) > 0 {
		return ts.MkAbs(args[0])
	}
	return ts.Getenv("KITH_HOME")
}

func up(ts *testscript.TestScript, neg bool, args []string) {
	home := homeOf(ts, args)
	ts.Check(os.MkdirAll(home, 0o700))
	config := filepath.Join(home, "config.toml")
	if _, err := os.Stat(config); err != nil {
		ts.Check(os.WriteFile(config, []byte(ts.ReadFile("offline.toml")), 0o600))
	}
	program, err := exec.LookPath("kith")
	ts.Check(err)
	arguments := []string{"up", "--home", home}
	if len(args) > 1 {
		arguments = append(arguments, args[1:]...)
	}
	cmd := exec.Command(program, arguments...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "KITH_LISTEN="+ts.Getenv("KITH_LISTEN"))
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	n := &running{cmd: cmd, done: make(chan error, 1), log: &logTail{ready: make(chan string, 1)}}
	go func() {
		n.log.follow(stderr)
		n.done <- cmd.Wait()
	}()
	ts.Defer(func() { _ = cmd.Process.Kill() })
	select {
	case console, ok := <-n.log.ready:
		if ok == neg {
			ts.Fatalf("ready: %v\n%s", ok, n.log)
		}
		if !neg {
			remember(ts, home, console, n)
		}
	case <-time.After(startTime):
		ts.Fatalf("the node is not ready after %v:\n%s", startTime, n.log)
	}
	if neg {
		_, _ = fmt.Fprint(ts.Stderr(), n.log)
	}
}

func remember(ts *testscript.TestScript, home, console string, n *running) {
	all(ts).mu.Lock()
	defer all(ts).mu.Unlock()
	all(ts).running[home] = n
	u, err := url.Parse(console)
	ts.Check(err)
	ts.Setenv("CONSOLE", console)
	ts.Setenv("PORT", u.Port())
	ts.Setenv("PID", strconv.Itoa(n.cmd.Process.Pid))
}

func take(ts *testscript.TestScript, args []string) *running {
	all(ts).mu.Lock()
	defer all(ts).mu.Unlock()
	home := homeOf(ts, args)
	n := all(ts).running[home]
	if n == nil {
		ts.Fatalf("no node runs on %s", home)
	}
	delete(all(ts).running, home)
	return n
}

func end(ts *testscript.TestScript, _ bool, args []string) {
	n := take(ts, args)
	ts.Check(n.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-n.done:
		if err != nil {
			ts.Fatalf("the node ended with %v:\n%s", err, n.log)
		}
	case <-time.After(endTime):
		ts.Fatalf("the node runs %v after SIGTERM:\n%s", endTime, n.log)
	}
	ts.Logf("%s", n.log)
}

func kill9(ts *testscript.TestScript, _ bool, args []string) {
	n := take(ts, args)
	ts.Check(n.cmd.Process.Kill())
	<-n.done
}

// field reads one value out of the JSON on standard output, or all of it.
func field(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: field NAME PATH")
	}
	var v any
	text := ts.ReadFile("stdout")
	if args[1] == "." {
		ts.Setenv(args[0], strings.TrimSpace(text))
		return
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%v in %s", err, text)
	}
	for step := range strings.SplitSeq(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				ts.Fatalf("no %s in %s", args[1], text)
			}
			v = x[i]
		}
	}
	if v == nil {
		ts.Fatalf("no %s in %s", args[1], text)
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// fetch makes a request and prints the answer as it is on the wire.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	out := io.Writer(ts.Stdout())
	if len(args) > 2 && args[0] == "-o" {
		f, err := os.Create(ts.MkAbs(args[1]))
		ts.Check(err)
		defer func() { _ = f.Close() }()
		out, args = f, args[2:]
	}
	if len(args) == 0 {
		ts.Fatalf("usage: fetch [-o FILE] URL [HEADER…]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	ts.Check(err)
	for _, h := range args[1:] {
		name, value, _ := strings.Cut(h, ":")
		if value = strings.TrimSpace(value); strings.EqualFold(name, "Host") {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
	port := ts.Getenv("PORT")
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	_, _ = fmt.Fprintln(ts.Stdout(), resp.Status)
	ts.Check(resp.Header.Write(ts.Stdout()))
	_, _ = fmt.Fprintln(ts.Stdout())
	_, err = io.Copy(out, resp.Body)
	ts.Check(err)
	if neg == (resp.StatusCode < 400) {
		ts.Fatalf("the answer is %s", resp.Status)
	}
}

// execSQL runs SQL on a database that no node has open.
func execSQL(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql FOLDER SCRIPT")
	}
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o700))
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "kith.db"))
	ts.Check(err)
	defer func() { _ = db.Close() }()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	if runtime.GOOS == "windows" {
		return
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%03o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// exitCode runs a command that must end with a code of its own.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND [ARGUMENT…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if code := strconv.Itoa(exitOf(err, &exit)); code != args[0] {
		ts.Fatalf("%v ended with code %s, want %s", args[1:], code, args[0])
	}
}

func exitOf(err error, exit **exec.ExitError) int {
	if errors.As(err, exit) {
		return (*exit).ExitCode()
	}
	return 0
}
