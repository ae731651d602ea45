package nearby

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

const (
	// envBench switches the figures on.
	envBench = "KITH_BENCH_NEARBY"
	// envRuns says how often each contestant runs; the median counts.
	envRuns = "KITH_BENCH_RUNS"
)

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv(envRuns)); err == nil && n > 0 {
		return n
	}
	return 5
}

// TestFigures prints what issue and guide speak of, in one run. It measures and
// does not judge: a busy machine would make any bound a lie. Who runs beside kith
// is said by the variables of contest_linux_test.go.
func TestFigures(t *testing.T) {
	if os.Getenv(envBench) == "" {
		t.Skipf("figures are measured with %s=1", envBench)
	}
	t.Run("one large file", func(t *testing.T) {
		f := figure.Figure{
			Group: "nearby", Title: "Across the room, 1 GiB in one file", Unit: "seconds",
			Goal: &figure.Goal{
				Text:   "0.85 of bare Go TLS's rate, 1.4 times croc's, 2.5 times Syncthing's",
				Rivals: []figure.Rival{{Name: "bare Go TLS", Factor: 1 / 0.85}, {Name: "croc", Factor: 1 / 1.4}, {Name: "Syncthing", Factor: 1 / 2.5}},
			},
			Note: "Bare Go TLS goes from file to file, too, with no hashes and nothing else. Before its time begins, each contestant is given as much memory as the file needs. Syncthing is timed from its first request only, with both sides running, connected and everything hashed.",
		}
		compete(t, f, everybody(), func(dir string) { fill(t, filepath.Join(dir, "big"), 1<<30, 1) })
	})
	t.Run("2000 small files", func(t *testing.T) {
		f := figure.Figure{
			Group: "nearby-small", Title: "Across the room, 2,000 files of 20 KiB", Unit: "seconds",
			Goal: &figure.Goal{
				Text:   "a third of croc's time, ahead of wormhole-william",
				Rivals: []figure.Rival{{Name: "croc", Factor: 1.0 / 3}, {Name: "wormhole-william", Factor: 1}},
			},
		}
		compete(t, f, everybody(), func(dir string) {
			for i := range 2000 {
				fill(t, filepath.Join(dir, fmt.Sprintf("f%04d", i)), 20<<10, uint64(i))
			}
		})
	})
	t.Run("first byte", figureOfFirstByte)
	t.Run("memory", figureOfMemory)
	t.Run("a group at 100 Mbit/s", figureOfGroup)
}

// ram is a folder in memory, so that no disk is measured.
func ram(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kith-figures-")
	if err != nil {
		harness.Skip(t, "no memory to put files in: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// contest is what all contestants of a figure have in common.
type contest struct {
	t          *testing.T
	alice, bob *device
	src        string          // a folder at Alice's
	in         string          // an empty folder at Bob's
	ballast    string          // a file in memory that release removes
	moved      []time.Duration // of kith: from the offer until all was stored
}

// newContest pairs two devices; what make puts into a folder is to be sent.
func newContest(t *testing.T, make func(dir string)) *contest {
	t.Helper()
	r := newRoom(t)
	c := &contest{t: t, alice: r.join("alice"), bob: r.join("bob")}
	pair(t, c.alice, c.bob)
	dir := ram(t)
	c.src, c.in, c.ballast = filepath.Join(dir, "src"), filepath.Join(dir, "in"), filepath.Join(dir, "ballast")
	make(c.src)
	return c
}

// compete has everybody send the same in turns, and prints the medians.
func compete(t *testing.T, f figure.Figure, who []contestant, make func(dir string)) {
	t.Helper()
	c := newContest(t, make)
	times, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range rounds() {
		for _, x := range present(t, who) {
			before := spent()
			took, err := c.run(x)
			if err != nil {
				t.Errorf("%s: %v", x.name, err)
				continue
			}
			times[x.name], cpu[x.name] = append(times[x.name], took), append(cpu[x.name], spent()-before)
		}
	}
	base := median(times[who[0].name])
	t.Logf("load %s; from command to end, median of %d", load(), rounds())
	for _, x := range present(t, who) {
		m := median(times[x.name])
		t.Logf("%-22s %6.2f s, %.2f times that of %s; all: %v; processors, both sides: %.2f s", x.name, m.Seconds(),
			m.Seconds()/base.Seconds(), who[0].name, times[x.name], median(cpu[x.name]).Seconds())
	}
	save(t, f, who, times)
	t.Logf("kith, without the start and the end of its processes: median %v; all: %v", median(c.moved), c.moved)
}

// save saves a figure of times; who could not run is said.
func save(t *testing.T, f figure.Figure, who []contestant, times map[string][]time.Duration) {
	t.Helper()
	scale := time.Second
	if f.Unit == milliseconds {
		scale = time.Millisecond
	}
	for _, x := range who {
		c := figure.Contestant{Name: x.name, Version: x.version, Missing: x.missing()}
		for _, d := range times[x.name] {
			c.Samples = append(c.Samples, float64(d)/float64(scale))
		}
		f.Contestants = append(f.Contestants, c)
	}
	figure.Save(t, f)
}

const milliseconds = "milliseconds"

// spent is the processor time of all processes that were started here and ended.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hold fills as much memory as the files take, and release gives it back when
// the time starts: a virtual machine takes back memory that is free for a second
// or two, and whoever starts faster than that would get it cheaper.
func (c *contest) hold() error {
	f, err := os.Create(c.ballast)
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	for range sizeOf(c.src) >> 20 {
		if _, err := f.Write(buf); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// release is the last thing before the time starts.
func (c *contest) release() { _ = os.Remove(c.ballast) }

// run has one contestant send, into an empty folder, and checks what arrived.
func (c *contest) run(x contestant) (time.Duration, error) {
	if err := os.MkdirAll(c.in, 0o755); err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(c.in) }()
	if err := c.hold(); err != nil {
		return 0, err
	}
	defer c.release()
	took, err := x.send(c)
	if err != nil {
		return 0, err
	}
	want, got := sizeOf(c.src), sizeOf(c.in)
	if want != got {
		return 0, fmt.Errorf("%d bytes arrived of %d", got, want)
	}
	return took.Round(time.Millisecond), nil
}

// sizeOf is how many bytes the files below dir have, but for those that a
// contestant keeps for itself.
func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != dir {
			return filepath.SkipDir
		}
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// load is how busy the machine is.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	return first
}

func figureOfGroup(t *testing.T) {
	r := newRoom(t)
	alice := r.join("alice")
	alice.shape("100mbit")
	src := filepath.Join(ram(t), "film")
	fill(t, src, 64<<20, 1)
	var devices []*device
	for i := range 8 {
		d := r.join(fmt.Sprintf("pupil%d", i))
		devices = append(devices, d)
		pair(t, alice, d)
	}
	f := figure.Figure{
		Group: "nearby-memory", Title: "64 MiB to a group, sender at 100 Mbit/s", Unit: "seconds", Place: 3,
		Goal: figure.Beat("to 8 in less than 2.5 times the time of one", 2.5, "Kith, to 1"),
	}
	for _, n := range []int{1, 8} {
		dir := ram(t)
		var all []*harness.Process
		args := []string{src}
		for i, d := range devices[:n] {
			all = append(all, d.receive(filepath.Join(dir, fmt.Sprint(i)), "--once", "--yes"))
			args = append(args, "--to", d.name)
		}
		start := time.Now()
		if _, code := alice.send(args...); code != 0 {
			t.Fatalf("send to %d ended with %d", n, code)
		}
		took := time.Since(start)
		for _, p := range all {
			if code := ended(t, p); code != 0 {
				t.Fatalf("a receiver ended with %d:\n%s", code, p.Output())
			}
		}
		t.Logf("64 MiB to %d at 100 Mbit/s: %.2f s", n, took.Seconds())
		f.Contestants = append([]figure.Contestant{{Name: fmt.Sprintf("Kith, to %d", n), Samples: []float64{took.Seconds()}}}, f.Contestants...)
	}
	figure.Save(t, f)
}
