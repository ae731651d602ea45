package nearby

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// usage is what a process was seen to have in memory, in KiB.
type usage struct {
	peak     int   // at any time: a start touches much of the program
	resident []int // all samples
	own      []int // the part that is not of the program's file
}

// watch reads a process's memory until it ends.
func watch(pid int) <-chan usage {
	out := make(chan usage, 1)
	field := regexp.MustCompile(`(?m)^(VmHWM|RssAnon|RssFile):\s+(\d+)`)
	go func() {
		var u usage
		defer func() { out <- u }()
		for {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			found := map[string]int{}
			for _, m := range field.FindAllSubmatch(data, -1) {
				found[string(m[1])], _ = strconv.Atoi(string(m[2]))
			}
			if err != nil || len(found) == 0 {
				return // it ended
			}
			u.peak = max(u.peak, found["VmHWM"])
			u.resident, u.own = append(u.resident, found["RssAnon"]+found["RssFile"]), append(u.own, found["RssAnon"])
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return out
}

// late is the most of the later half of samples, in MiB: bytes move then.
func late(samples []int) float64 {
	return float64(slices.Max(append(samples[len(samples)/2:], 0))) / 1024
}

// sizes are those of the files, in MiB.
func sizes() []int64 {
	if os.Getenv("KITH_BENCH_SMALL") != "" {
		return []int64{16, 64}
	}
	return []int64{64, 256, 1024, 4096}
}

// figureOfMemory shows what a sender and a receiver need for files of several
// sizes: all that is resident while bytes move, what of it is their own and not
// pages of the program's file, which the file cache has anyway, and the peak.
func figureOfMemory(t *testing.T) {
	sides := map[string]*figure.Contestant{"sender": {Name: "Kith, sender"}, "receiver": {Name: "Kith, receiver"}}
	for _, mib := range sizes() {
		c := newContest(t, func(dir string) { fill(t, filepath.Join(dir, "big"), mib<<20, 1) })
		p := c.bob.receive(c.in, "--once", "--yes")
		s := harness.Start(t, c.alice.program("send", c.src, "--to", "bob", "--name", "alice"))
		sender, receiver := watch(s.PID()), watch(p.PID())
		for _, x := range []*harness.Process{s, p} {
			if code := ended(t, x); code != 0 {
				t.Fatalf("it ended with %d:\n%s", code, x.Output())
			}
		}
		for name, of := range map[string]<-chan usage{"sender": sender, "receiver": receiver} {
			u := <-of
			sides[name].Points = append(sides[name].Points, figure.Point{X: float64(mib << 20), Samples: []float64{late(u.resident)}})
			t.Logf("%4d MiB, %-8s: %5.1f MiB resident while bytes move, %5.1f of it its own; peak, at the start, %5.1f", mib, name,
				late(u.resident), late(u.own), float64(u.peak)/1024)
		}
		_ = os.RemoveAll(filepath.Dir(c.src))
	}
	const note = "Resident while bytes move: the process's own memory and those pages of the program's file that it has mapped. At its start a process has more for a moment."
	curve := figure.Figure{
		Group: "nearby-memory", Title: "Memory while a file passes, by its size", Unit: "MiB", Note: note, Place: 2,
		Axis: &figure.Axis{Name: "octets", Shape: "flat", Most: 0.25},
	}
	one := figure.Figure{Group: "nearby-memory", Title: "Memory while 1 GiB passes", Unit: "MiB", Goal: figure.Reach("at most 40 MiB", 40), Note: note, Place: 1}
	for _, side := range []string{"sender", "receiver"} {
		c := *sides[side]
		curve.Contestants = append(curve.Contestants, c)
		for _, p := range c.Points {
			if p.X == 1<<30 {
				one.Contestants = append(one.Contestants, figure.Contestant{Name: c.Name, Samples: p.Samples})
			}
		}
	}
	figure.Save(t, curve)
	if len(one.Contestants) > 0 {
		figure.Save(t, one)
	}
}
