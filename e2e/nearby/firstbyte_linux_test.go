package nearby

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// figureOfFirstByte measures from the command to the first byte on the other
// side's disk, between paired devices: with a command alone on both sides, and
// where nodes run already.
func figureOfFirstByte(t *testing.T) {
	c := newContest(t, func(dir string) { fill(t, filepath.Join(dir, "file"), 8<<20, 1) })
	c.firstBytes([]contestant{
		{"kith", nil, func(c *contest) (time.Duration, error) {
			return c.firstByte(func() (time.Duration, error) { return c.kith() })
		}},
		{"croc", []string{envCroc}, func(c *contest) (time.Duration, error) { return c.firstByte(c.croc) }},
	})
	c.alice.node()
	c.bob.node()
	c.firstBytes([]contestant{{"kith, with nodes", nil, func(c *contest) (time.Duration, error) {
		return c.firstByte(func() (time.Duration, error) { return c.kith() })
	}}})
}

func (c *contest) firstBytes(all []contestant) {
	times := map[string][]time.Duration{}
	for range 3 * rounds {
		for _, x := range present(c.t, all) {
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
