package nearby

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	kith "github.com/kith-web/kith/internal/nearby"
)

// envBare makes a process of its own of TestBare: "send addr folder" or "receive
// addr folder".
const envBare = "KITH_BENCH_BARE"

// binary is the kith program, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(envForge) != "" || os.Getenv(envBare) != "" {
		return m.Run() // of another test, and in another namespace
	}
	dir, err := os.MkdirTemp("", "kith-nearby-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// device is a computer in a room.
type device struct {
	*harness.Place
	t    testing.TB
	home string
	name string
}

// room is where devices meet.
type room struct {
	*harness.Room
	t testing.TB
}

func newRoom(t testing.TB) *room {
	t.Helper()
	return &room{Room: harness.NewRoom(t), t: t}
}

// join puts a new device into the room.
func (r *room) join(name string) *device {
	r.t.Helper()
	return &device{Place: r.Join(), t: r.t, home: r.t.TempDir(), name: name}
}

// shape limits what the device sends.
func (d *device) shape(rate string) {
	d.t.Helper()
	harness.Need(d.t, "tc")
	out, err := exec.Command("ip", "netns", "exec", d.Namespace, "tc", "qdisc", "add", "dev", "eth0", "root",
		"tbf", "rate", rate, "burst", "64kb", "latency", "100ms").CombinedOutput()
	if err != nil {
		harness.Skip(d.t, "links cannot be shaped: %v: %s", err, out)
	}
}

func (d *device) program(args ...string) harness.Program {
	args = append([]string{"nearby"}, args...)
	return harness.Program{Path: binary, Args: append(args, "--home", d.home), Namespace: d.Namespace}
}

// receive starts a receiver and waits until it waits.
func (d *device) receive(into string, more ...string) *harness.Process {
	d.t.Helper()
	p := harness.Start(d.t, d.program(append([]string{"receive", "--into", into, "--name", d.name}, more...)...))
	d.awaits(p, "waiting for files as")
	return p
}

// awaits waits until a program on the device says something.
func (d *device) awaits(p *harness.Process, text string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if _, err := p.Await(ctx, regexp.MustCompile(regexp.QuoteMeta(text))); err != nil {
		d.t.Fatal(err)
	}
}

// configure writes the configuration of the device.
func (d *device) configure(text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.home, "config.toml"), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// sent is what 'kith nearby send --json' says.
type sent struct {
	Transfers []kith.Transfer `json:"transfers"`
}

// send sends, and returns the exit code.
func (d *device) send(args ...string) (sent, int) {
	d.t.Helper()
	out, stderr, err := harness.TryRun(d.t, d.program(append([]string{"send", "--json", "--name", d.name}, args...)...))
	var s sent
	if out != "" {
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			d.t.Fatalf("send --json printed %q: %v", out, err)
		}
	}
	code := exitCode(d.t, err)
	if code != 0 {
		d.t.Logf("%s: send ended with %d: %s", d.name, code, stderr)
	}
	return s, code
}

func exitCode(t testing.TB, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// ended waits for a process to end by itself and returns its exit code.
func ended(t testing.TB, p *harness.Process) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := p.Wait(ctx)
	if ctx.Err() != nil {
		t.Fatalf("it does not end:\n%s", p.Output())
	}
	return exitCode(t, err)
}

// pair makes two devices know each other.
func pair(t testing.TB, a, b *device) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hello")
	fill(t, file, 5, 99)
	p := b.receive(t.TempDir(), "--once", "--code", "246810")
	if _, code := a.send(file, "--to", b.name, "--code", "246810"); code != 0 {
		t.Fatalf("pairing ended with %d\n%s", code, p.Output())
	}
	if code := ended(t, p); code != 0 {
		t.Fatalf("the receiver ended with %d:\n%s", code, p.Output())
	}
}

// fill writes n bytes that look random, the same for the same seed.
func fill(t testing.TB, path string, n int64, seed uint64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	r := mathrand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	buf := make([]byte, 1<<20)
	for n > 0 {
		k := min(n, int64(len(buf)))
		_, _ = r.Read(buf[:k])
		if _, err := f.Write(buf[:k]); err != nil {
			t.Fatal(err)
		}
		n -= k
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// same fails unless two files are alike.
func same(t testing.TB, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(x) != string(y) {
		t.Errorf("%s (%d bytes) and %s (%d bytes) differ", a, len(x), b, len(y))
	}
}

// whole lists the files below dir that look whole.
func whole(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !e.IsDir() && !strings.HasSuffix(name, ".kith-part") && !strings.HasPrefix(e.Name(), ".kith-") {
			out = append(out, filepath.Base(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// partial waits until a part of a file has arrived.
func partial(t testing.TB, path string, atLeast int64) {
	t.Helper()
	journal := func() int64 {
		names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".kith-*.journal"))
		if len(names) == 0 {
			return 0
		}
		info, err := os.Stat(names[0])
		if err != nil {
			return 0
		}
		return info.Size() / 40 << 20 // a record a chunk
	}
	deadline := time.Now().Add(time.Minute)
	for journal() < atLeast {
		if time.Now().After(deadline) {
			t.Fatalf("no part of %s arrives", path)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
