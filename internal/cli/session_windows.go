package cli

import (
	"syscall"
)

// detached is DETACHED_PROCESS of CreateProcess.
const detached = 0x00000008

// ownSession keeps a process from the signals of this console.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detached}
}
