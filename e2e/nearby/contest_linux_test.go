package nearby

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// These name the programs of others that run beside kith in the figures.
const (
	envCroc      = "KITH_CROC"
	envSyncthing = "KITH_SYNCTHING"
	envWormhole  = "KITH_WORMHOLE_WILLIAM"
	// envMailbox is 'twist3' with the plug-in wormhole-mailbox, which
	// wormhole-william meets at.
	envMailbox = "KITH_WORMHOLE_MAILBOX"
)

// contestant sends the contest's folder. It returns the time from the command
// that starts the transfer, the other side being ready, until that side ends.
type contestant struct {
	name    string
	version string
	env     []string // which have to be set
	send    func(c *contest) (time.Duration, error)
}

// missing says why a contestant cannot run, "" when it can.
func (x contestant) missing() string {
	var unset []string
	for _, env := range x.env {
		if os.Getenv(env) == "" {
			unset = append(unset, env)
		}
	}
	if len(unset) == 0 {
		return ""
	}
	return strings.Join(unset, " and ") + " not set"
}

// versionOf asks the program that a variable names for its version.
func versionOf(name, env string, args ...string) string {
	out, err := exec.Command(os.Getenv(env), args...).CombinedOutput()
	number := regexp.MustCompile(`v?\d+\.\d+\.\d+[\w.-]*`).FindString(string(out))
	if err != nil || number == "" {
		return ""
	}
	return name + " " + strings.TrimPrefix(number, "v")
}

func everybody() []contestant {
	return []contestant{
		{name: "kith", send: func(c *contest) (time.Duration, error) { return c.kith() }},
		{name: "kith over QUIC alone", send: func(c *contest) (time.Duration, error) { return c.kith("--no-tcp") }},
		{name: "bare Go TLS", send: (*contest).bare},
		{name: "croc", version: versionOf("croc", envCroc, "--version"), env: []string{envCroc}, send: (*contest).croc},
		{name: "wormhole-william", version: versionOf("wormhole-william", envWormhole, "version"), env: []string{envWormhole, envMailbox}, send: (*contest).wormhole},
		{name: "Syncthing", version: versionOf("Syncthing", envSyncthing, "--version"), env: []string{envSyncthing}, send: (*contest).syncthing},
	}
}

// present are those that can run; who cannot is said loudly.
func present(t *testing.T, all []contestant) (out []contestant) {
	for _, x := range all {
		if why := x.missing(); why != "" {
			t.Logf("MISSING: %s does not run: %s", x.name, why)
			continue
		}
		out = append(out, x)
	}
	return out
}

func (c *contest) kith(more ...string) (time.Duration, error) {
	p := c.bob.receive(c.in, "--once", "--yes")
	c.release()
	start := time.Now()
	s, code := c.alice.send(append([]string{c.src, "--to", "bob"}, more...)...)
	if code != 0 {
		return 0, fmt.Errorf("send ended with %d", code)
	}
	if code := ended(c.t, p); code != 0 {
		return 0, fmt.Errorf("receive ended with %d: %s", code, p.Output())
	}
	took := time.Since(start)
	if t := s.Transfers[0]; len(more) == 0 {
		c.moved = append(c.moved, t.Ended.Sub(t.Started).Round(time.Millisecond))
	}
	return took, nil
}

// await starts a program on a device that is to be ready when it says so. It is
// killed when the test ends, or by the function that is returned.
func (d *device) await(program string, env []string, ready string, args ...string) (*harness.Process, error) {
	p := harness.Start(d.t, harness.Program{Path: program, Args: args, Env: env, Namespace: d.Namespace, Dir: d.home})
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if _, err := p.Await(ctx, regexp.MustCompile(ready)); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// run runs a program on a device to its end, and returns how long it took.
func (d *device) run(dir string, env []string, stdin, program string, args ...string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", d.Namespace, program}, args...)...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), env...), strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%w: %.2000s", err, out.String())
	}
	return time.Since(start), nil
}

// croc finds its peer on the local network.
func (c *contest) croc() (time.Duration, error) {
	env := []string{"CROC_SECRET=1234-kith-figures-beside"}
	croc := os.Getenv(envCroc)
	p, err := c.alice.await(croc, append(env, "HOME="+c.alice.home), "(?i)code is", "--yes", "--local", "--disable-clipboard", "send", c.src)
	if err != nil {
		return 0, err
	}
	defer p.Kill()
	c.release()
	return c.bob.run(c.in, append(env, "HOME="+c.bob.home), "", croc, "--yes", "--local", "--disable-clipboard", "--overwrite")
}

// wormhole meets at a mailbox of its own at the sender's device, where the relay
// that it wants to know of is as well. The files go from device to device.
func (c *contest) wormhole() (time.Duration, error) {
	twist := os.Getenv(envMailbox)
	for _, args := range [][]string{
		{"wormhole-mailbox", "--port=tcp:4000", "--channel-db=" + filepath.Join(c.alice.home, "mailbox.db")}, {"transitrelay", "--port=tcp:4001"},
	} {
		p, err := c.alice.await(twist, nil, "(?i)starting reactor", args...)
		if err != nil {
			return 0, err
		}
		defer p.Kill()
	}
	hosts := filepath.Join(c.t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n10.88.0.1 transit.magic-wormhole.io\n"), 0o644); err != nil {
		return 0, err
	}
	// 'ip netns exec' gives each program mounts of its own.
	within := func(args ...string) []string {
		return append([]string{"-c", `mount --bind "$0" /etc/hosts && exec "$@"`, hosts, os.Getenv(envWormhole)}, args...)
	}
	const code, url = "7-figures-beside", "--relay-url=ws://10.88.0.1:4000/v1"
	p, err := c.alice.await("sh", nil, "(?i)wormhole code", within("send", url, "--hide-progress", "--code", code, c.src)...)
	if err != nil {
		return 0, err
	}
	defer p.Kill()
	c.release()
	return c.bob.run(c.in, nil, "y\n", "sh", within("receive", url, "--hide-progress", code)...)
}

// bare is Go's TLS between two processes, from files to files, with no hash and
// nothing else: see TestBare.
func (c *contest) bare() (time.Duration, error) {
	const addr = "10.88.0.2:9000"
	p, err := c.bob.await(os.Args[0], []string{envBare + "=receive " + addr + " " + c.in}, "listens", "-test.run=^TestBare$")
	if err != nil {
		return 0, err
	}
	c.release()
	start := time.Now()
	if _, err := c.alice.run("", []string{envBare + "=send " + addr + " " + c.src}, "", os.Args[0], "-test.run=^TestBare$"); err != nil {
		return 0, err
	}
	if code := ended(c.t, p); code != 0 {
		return 0, errors.New(p.Output())
	}
	return time.Since(start), nil
}
