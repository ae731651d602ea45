//go:build !linux

package harness

import "testing"

// Terminal is a program on a terminal.
type Terminal struct{ *Process }

// StartOnTerminal skips t: terminals are opened on Linux only.
func StartOnTerminal(t testing.TB, _ Program) *Terminal {
	t.Helper()
	Skip(t, "terminals are opened on Linux only")
	return nil
}

// Type types a text.
func (t *Terminal) Type(string) {}
