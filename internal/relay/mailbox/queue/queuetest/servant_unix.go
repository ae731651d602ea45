//go:build unix

package queuetest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// become makes a command run as who.
func become(c *exec.Cmd, who *user.User) {
	if who == nil {
		return
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32) // both were numbers for chown
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// immediately is the signal that ends a server without a checkpoint.
func immediately() os.Signal { return syscall.SIGQUIT }
