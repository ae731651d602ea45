//go:build !unix

package queuetest

import (
	"os"
	"os/exec"
	"os/user"
)

func become(*exec.Cmd, *user.User) {}

func immediately() os.Signal { return os.Kill }
