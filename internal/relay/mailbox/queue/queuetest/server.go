package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing is the answer where PostgreSQL is not installed, or may not be run.
var ErrMissing = errors.New("PostgreSQL's server is not installed, or there is no user to run it as")

// Server is a PostgreSQL server of a test's own, on a socket in a folder of its
// own. It keeps its promises: fsync is on.
type Server struct {
	URL string

	bin, dir string
	who      *user.User // nil: this user
	cmd      *exec.Cmd
	ended    chan error
}

// StartServer makes a database cluster below parent and starts its server.
// Without parent it is in the folder for temporary files, and made in haste.
// settings are like "max_wal_size=1GB".
func StartServer(ctx context.Context, parent string, settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.who, err = servant(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp(parent, "kith-pg-"); err != nil {
		return nil, err
	}
	if err := s.begin(ctx, parent != "", settings); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) begin(ctx context.Context, safely bool, settings []string) error {
	if s.who != nil {
		uid, err1 := strconv.Atoi(s.who.Uid)
		gid, err2 := strconv.Atoi(s.who.Gid)
		if err := errors.Join(err1, err2, os.Chown(s.dir, uid, gid)); err != nil {
			return err
		}
	}
	args := []string{"-D", s.data(), "-A", "trust", "-U", "relay", "-E", "UTF8", "--locale=C"}
	if !safely {
		args = append(args, "-N") // what initdb makes need not survive a power cut
	}
	out, err := s.command(ctx, "initdb", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.locate()
	return s.Start(ctx, settings...)
}

// Address is URL as one, for a program's configuration.
func (s *Server) Address() string {
	return "postgres://relay@/postgres?host=" + url.QueryEscape(s.dir)
}

func (s *Server) locate() { s.URL = fmt.Sprintf("host=%s user=relay dbname=postgres", s.dir) }

// At is the same cluster, not started, where folder from was copied to folder to.
func (s *Server) At(from, to string) *Server {
	c := &Server{bin: s.bin, who: s.who, dir: filepath.Join(to, strings.TrimPrefix(s.dir, from))}
	c.locate()
	return c
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Start starts the server, again after Kill or Stop, and waits until it answers.
func (s *Server) Start(ctx context.Context, settings ...string) error {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses="}
	for _, v := range settings {
		args = append(args, "-c", v)
	}
	s.cmd = s.command(context.WithoutCancel(ctx), "postgres", args...)
	var said bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.ended = make(chan error, 1)
	go func(cmd *exec.Cmd, ended chan<- error) { ended <- cmd.Wait() }(s.cmd, s.ended)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := pgx.Connect(ctx, s.URL); err == nil {
			return c.Close(ctx)
		}
		select {
		case err := <-s.ended:
			s.cmd = nil
			return fmt.Errorf("postgres ended: %w: %s", err, said.String())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", ctx.Err())
		case <-again.C:
		}
	}
}

// stop ends the server with a signal and waits for it.
func (s *Server) stop(how os.Signal) error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Signal(how)
	if err == nil {
		<-s.ended
	}
	s.cmd = nil
	return err
}

// Stop ends the server without ado, as a machine does that goes down in haste:
// it has to recover when it starts again.
func (s *Server) Stop() error { return s.stop(immediately()) }

// Close ends the server and removes what it kept.
func (s *Server) Close() error { return errors.Join(s.Stop(), os.RemoveAll(s.dir)) }

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	become(c, s.who)
	return c
}

// binaries is the folder of PostgreSQL's programs: where Debian puts the newest,
// or in the path.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	slices.Sort(found)
	if n := len(found); n > 0 {
		return filepath.Dir(found[n-1]), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	return "", ErrMissing
}

// servant is who runs the server, which refuses to be run by root; nil is this
// user.
func servant() (*user.User, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return u, nil
		}
	}
	return nil, ErrMissing
}
