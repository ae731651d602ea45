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

// figureOfMemory shows what a sender and a receiver need for files of several
// sizes: all that is resident while bytes move, what of it is their own and not
// pages of the program's file, which the file cache has anyway, and the peak.
func figureOfMemory(t *testing.T) {
	for _, mib := range []int64{64, 1024, 4096} {
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
			t.Logf("%4d MiB, %-8s: %5.1f MiB resident while bytes move, %5.1f of it its own; peak, at the start, %5.1f", mib, name,
				late(u.resident), late(u.own), float64(u.peak)/1024)
		}
		_ = os.RemoveAll(filepath.Dir(c.src))
	}
}
