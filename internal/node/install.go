package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/adrg/xdg"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/install"
	"github.com/kith-web/kith/web"
)

// Installation is what a person may choose about being installed.
type Installation struct {
	// Home is the flag that names the home; "" for the person's own.
	Home string
	// Schemes are the links to open; nil for none. Service starts the node with
	// the session.
	Schemes []string
	Service bool
}

// NewInstaller returns what installs the running program for the person who runs
// it.
func NewInstaller(o Installation) (*install.Installer, error) {
	program, err := lastingProgram()
	if err != nil {
		return nil, err
	}
	home, err := Home(o.Home)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the home: %w", err)
	}
	icon, err := fs.ReadFile(web.Dist(), "assets/icon.svg")
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(xdg.RuntimeDir, "systemd", "private"))
	return install.New(install.Options{
		System: runtime.GOOS, Program: program, Home: home, OtherHome: home != filepath.Join(xdg.DataHome, "kith"),
		User: xdg.Home, Config: xdg.ConfigHome, Data: xdg.DataHome, Icon: icon,
		Schemes: o.Schemes, Service: o.Service, Systemd: err == nil,
		Run: runProgram, Has: func(name string) bool { _, err := exec.LookPath(name); return err == nil },
	})
}

// lastingProgram is the path of the running program, which must be one that is
// still there tomorrow.
func lastingProgram() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "", fault.New(fault.Conflict, "this kith was made by 'go run' and is gone when it ends").
			WithHint("make one that stays, 'go build -o ~/.local/bin/kith ./cmd/kith', and run '~/.local/bin/kith install'")
	}
	return program, nil
}

// runProgram runs a program of the system.
func runProgram(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err == nil || errors.Is(err, context.Canceled) {
		return text, err
	}
	if first, _, _ := strings.Cut(text, "\n"); first != "" {
		return text, fmt.Errorf("%w: %s", err, first)
	}
	return text, err
}
