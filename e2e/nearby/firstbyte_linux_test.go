package nearby

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/figure"
)

// figureOfFirstByte measures from the command to the first byte on the other
// side's disk, between paired devices: with a command alone on both sides, and
// where nodes run already.
func figureOfFirstByte(t *testing.T) {
	c := newContest(t, func(dir string) { fill(t, filepath.Join(dir, "file"), 8<<20, 1) })
	first := func(send func(c *contest) (time.Duration, error)) func(*contest) (time.Duration, error) {
		return func(c *contest) (time.Duration, error) {
			return c.firstByte(func() (time.Duration, error) { return send(c) })
		}
	}
	kith := first(func(c *contest) (time.Duration, error) { return c.kith() })
	goal := figure.Reach("at most 50 ms", 50)
	c.firstBytes(figure.Figure{Group: "nearby-start", Title: "From the command to the first byte on the other side's disk", Unit: milliseconds, Goal: goal, Place: 1},
		[]contestant{{name: "kith", send: kith}, {name: "croc", env: []string{envCroc}, send: first((*contest).croc)}})
	c.alice.node()
	c.bob.node()
	c.firstBytes(figure.Figure{Group: "nearby-start", Title: "From the command to the first byte, with nodes running", Unit: milliseconds, Goal: goal, Place: 2},
		[]contestant{{name: "kith, with nodes", send: kith}})
}

func (c *contest) firstBytes(f figure.Figure, who []contestant) {
	c.t.Helper()
	times := map[string][]time.Duration{}
	for range 3 * rounds() {
		for _, x := range present(c.t, who) {
			took, err := c.run(x)
			if err != nil {
				c.t.Errorf("%s: %v", x.name, err)
				continue
			}
			times[x.name] = append(times[x.name], took)
		}
	}
	for name, all := range times {
		c.t.Logf("load %s; %s, from command to first byte: median %v of %d; %v", load(), name, median(all), len(all), all)
	}
	save(c.t, f, who, times)
}

// firstByte has the contest's folder sent, and returns how long it took until a
// block of a file was at the receiver.
func (c *contest) firstByte(send func() (time.Duration, error)) (time.Duration, error) {
	stop, seen := make(chan struct{}), make(chan time.Time, 1)
	go func() {
		defer close(seen)
		for !hasBlock(c.in) {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
		seen <- time.Now()
	}()
	took, err := send()
	start := time.Now().Add(-took)
	close(stop)
	at, ok := <-seen
	if err == nil && !ok {
		err = errors.New("no byte was seen")
	}
	return at.Sub(start), err
}

// hasBlock reports whether there is a file with more than a size.
func hasBlock(dir string) (found bool) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".kith-") {
			return nil
		}
		if info, err := e.Info(); err == nil {
			if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Blocks > 0 {
				found = true
			}
		}
		return nil
	})
	return found
}
