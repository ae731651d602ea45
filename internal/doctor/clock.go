package doctor

import (
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/text"
)

// How far a clock may be off before it is told, and before things fail: records and
// certificates are valid from a certain minute on.
const (
	clockWarning = time.Minute
	clockFailed  = 10 * time.Minute
)

// maxClocks is how many others' clocks are remembered.
const maxClocks = 16

// Clock notes how far the clocks of others are ahead of this computer's, as they say
// with answers that they sent for other reasons. Nobody is asked for the time.
type Clock struct {
	mu    sync.Mutex
	ahead map[string]time.Duration // by host
}

// NewClock returns a Clock that knows of nobody yet.
func NewClock() *Clock { return &Clock{ahead: map[string]time.Duration{}} }

// Through has the Clock hear the dates of all answers that come through next.
func (c *Clock) Through(next http.RoundTripper) http.RoundTripper { return &hearing{c, next} }

type hearing struct {
	clock *Clock
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h *hearing) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := time.Now()
	resp, err := h.next.RoundTrip(r)
	if err == nil {
		h.clock.hear(r.URL.Host, resp.Header.Get("Date"), asked, time.Now())
	}
	return resp, err
}

// hear notes a Date (RFC 9110 §6.6.1) that came in answer to a question. What took
// longer than the clocks may differ says nothing.
func (c *Clock) hear(host, date string, asked, answered time.Time) {
	theirs, err := http.ParseTime(date)
	took := answered.Sub(asked)
	if err != nil || took >= clockWarning {
		return
	}
	ahead := theirs.Add(500 * time.Millisecond).Sub(asked.Add(took / 2)) // dates have no fractions
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.ahead[host]; !known && len(c.ahead) >= maxClocks {
		return
	}
	c.ahead[host] = ahead
}

// Ahead is how far others are ahead of this computer: the median of all, which one
// wrong clock does not move. from says who they are.
func (c *Clock) Ahead() (ahead time.Duration, from []string) {
	if c == nil {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []time.Duration
	for host, a := range c.ahead {
		from, all = append(from, host), append(all, a)
	}
	if len(all) == 0 {
		return 0, nil
	}
	slices.Sort(all)
	slices.Sort(from)
	return all[len(all)/2], from
}

// checkClock compares with what others said, and notices a clock that is behind the
// program itself: then every certificate and signed name looks wrong.
func checkClock(clock *Clock, built time.Time) Check {
	now := time.Now()
	c := Check{Name: "clock"}
	c.Found(OK, "%s", now.UTC().Format("2006-01-02 15:04 MST"))
	set := hint(map[string]text.Phrase{
		"linux":   text.Of("run 'sudo timedatectl set-ntp true'"),
		"darwin":  text.Of("run 'sudo sntp -sS time.apple.com', or set the time automatically in System Settings"),
		"windows": text.Of("run 'w32tm /resync' as administrator, or set the time automatically in the settings"),
		"":        text.Of("set the clock of this computer"),
	})
	if now.Before(built.Add(-24 * time.Hour)) {
		c.Also("%s, which is before this program was made")
		c.State = Failed
		c.advise(set)
		return c
	}
	ahead, from := clock.Ahead()
	if len(from) == 0 {
		c.Also("%s; nobody whose clock could be compared has answered yet")
		return c
	}
	off := ahead.Abs().Round(time.Second)
	if off < clockWarning {
		c.Also("%s; agrees with %s", list(from))
		return c
	}
	c.State = Warning
	c.advise(set)
	if off >= clockFailed {
		c.State = Failed
	}
	if ahead < 0 {
		c.Also("%s; it is %v ahead of what %s says", off, list(from))
	} else {
		c.Also("%s; it is %v behind what %s says", off, list(from))
	}
	return c
}

// builtAt is when the program's source was committed; zero when it is unknown.
func builtAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
