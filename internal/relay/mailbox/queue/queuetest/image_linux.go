package queuetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Disk is a file system of its own in a file: what has reached the file is what
// has reached the disk, and no more. Cut copies it as a power cut would leave it.
type Disk struct {
	Dir   string
	image string
}

// NewDisk makes a disk of so many MiB and mounts it until the test ends. It needs
// root.
func NewDisk(t *testing.T, mib int64) *Disk {
	t.Helper()
	d := &Disk{image: filepath.Join(t.TempDir(), "disk")}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, mib<<20); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.ext4", "-q", "-F", d.image)
	d.mount(t)
	return d
}

func (d *Disk) mount(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kith-disk-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "mount", "-o", "loop", d.image, dir)
	d.Dir = dir
	t.Cleanup(func() {
		run(t, "umount", "-l", dir)
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
}

// Cut copies the disk without what waits in the system's memory, and mounts the
// copy. Whoever writes to it has to be stopped.
func (d *Disk) Cut(t *testing.T) *Disk {
	t.Helper()
	c := &Disk{image: filepath.Join(t.TempDir(), "disk")}
	from, err := os.Open(d.image)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(c.image, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	c.mount(t)
	return c
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// Freeze stops processes and waits until all of their threads have: what they
// were doing in the system has come to its end.
func Freeze(pids ...int) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(patience)
	for _, pid := range pids {
		for {
			still, err := running(pid)
			if err != nil {
				return err
			}
			if !still {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d does not stop", pid)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// running reports whether a process has a thread that is not stopped.
func running(pid int) (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, name := range threads {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := bytes.Cut(data, []byte(") "))
		if len(after) > 0 && after[0] != 'T' && after[0] != 'Z' && after[0] != 'X' {
			return true, nil
		}
	}
	return false, nil
}

// Processes lists the server and those it has started.
func (s *Server) Processes() ([]int, error) {
	list := []int{s.cmd.Process.Pid}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, name := range all {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := bytes.Cut(data, []byte(") "))
		f := strings.Fields(string(after))
		if len(f) < 2 || f[1] != strconv.Itoa(list[0]) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			list = append(list, pid)
		}
	}
	return list, nil
}

// Kill ends all of the server's processes with kill -9.
func (s *Server) Kill() error {
	pids, err := s.Processes()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	<-s.ended
	s.cmd = nil
	return nil
}
