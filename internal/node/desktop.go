package node

import (
	"os"
	"runtime"
)

// HasDesktop says whether somebody sits at this computer who could see a browser that
// a program opens: not on a machine that builds and tests, not at the other end of a
// line, not without a screen.
func HasDesktop() bool { return hasDesktop(runtime.GOOS, os.Getenv) }

func hasDesktop(system string, env func(string) string) bool {
	if env("CI") != "" || env("SSH_CONNECTION") != "" || env("SSH_TTY") != "" {
		return false
	}
	switch system {
	case "darwin", "windows":
		return true
	}
	return env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}
