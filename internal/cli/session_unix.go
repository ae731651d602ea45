//go:build unix

package cli

import (
	"syscall"
)

// ownSession keeps a process from the signals of this terminal.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
