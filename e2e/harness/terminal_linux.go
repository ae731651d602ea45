package harness

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Terminal is a program that runs as if a person had started it: on a terminal,
// on which the person reads and types.
type Terminal struct {
	*Process
	t        testing.TB
	keyboard *os.File
}

// StartOnTerminal starts a program on a new terminal. It is killed when t ends.
func StartOnTerminal(t testing.TB, p Program) *Terminal {
	t.Helper()
	keyboard, screen, err := openTerminal()
	if err != nil {
		Skip(t, "no terminal can be opened: %v", err)
	}
	r := newProcess(p)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = screen, screen, screen
	r.cmd.Env = append(r.cmd.Env, "TERM=xterm")
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	r.read = make(chan struct{})
	t.Cleanup(func() { _ = keyboard.Close() })
	r.start(t, p)
	_ = screen.Close()
	go func() {
		_, _ = io.Copy(&r.out, keyboard) // ends with the last program that has the terminal
		close(r.read)
	}()
	return &Terminal{Process: r, t: t, keyboard: keyboard}
}

// Type types a text; "\r" is the key enter, "\x03" is control and C.
func (t *Terminal) Type(text string) {
	t.t.Helper()
	if _, err := t.keyboard.WriteString(text); err != nil {
		t.t.Fatal(err)
	}
}

// openTerminal returns the ends of a new terminal: the person's and the program's.
func openTerminal() (keyboard, screen *os.File, err error) {
	keyboard, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	var n int
	c, err := keyboard.SyscallConn()
	if err == nil {
		controlErr := c.Control(func(fd uintptr) {
			if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
				err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 100})
			}
			if err == nil {
				n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
			}
		})
		if err == nil {
			err = controlErr
		}
	}
	if err == nil {
		screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = keyboard.Close()
	}
	return keyboard, screen, err
}
