package soak

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// sample is what a process holds.
type sample struct{ goroutines, fds, heap, rss float64 }

// watched is a process, and a node's console and token; a relay has none and tells
// neither its goroutines nor its heap.
type watched struct {
	pid            int
	console, token string
	client         *http.Client
}

// looks is how often a process is looked at for one sample: the least counts, for
// what a client has just closed takes a moment to end.
const looks = 5

func (p watched) sample(t *testing.T) sample {
	t.Helper()
	if p.client != nil {
		p.client.CloseIdleConnections()
		p.page(t, "debug/pprof/heap?gc=1")
		p.page(t, "debug/pprof/heap?gc=1") // what finalizers let go
	}
	least := sample{}
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for i := range looks {
		s := p.look(t)
		if i == 0 {
			least = s
		}
		least = sample{min(least.goroutines, s.goroutines), min(least.fds, s.fds), min(least.heap, s.heap), min(least.rss, s.rss)}
		<-pause.C
	}
	return least
}

func (p watched) look(t *testing.T) (s sample) {
	t.Helper()
	told := ""
	if p.client != nil {
		told = p.page(t, "metrics")
	}
	for line := range strings.Lines(told) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "go_goroutines":
			s.goroutines = n
		case name == "go_memstats_heap_alloc_bytes":
			s.heap = n
		}
	}
	open, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.pid), "fd"))
	must(t, err)
	usage, err := harness.UsageOf(p.pid)
	must(t, err)
	s.fds, s.rss = float64(len(open)), float64(usage.RSS)
	return s
}

func (p watched) page(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.console+path, nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := p.client.Do(r)
	must(t, err)
	body, err := io.ReadAll(bufio.NewReader(resp.Body))
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, resp.Status)
	}
	return string(body)
}

// table shows the quarters' medians.
func table(name string, all []sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: quarter, goroutines, file descriptors, heap MiB, resident MiB\n", name)
	for q := range 4 {
		part := all[q*len(all)/4 : (q+1)*len(all)/4]
		fmt.Fprintf(&b, "| %d | %.0f | %.0f | %.1f | %.1f |\n", q+1,
			median(part, func(s sample) float64 { return s.goroutines }), median(part, func(s sample) float64 { return s.fds }),
			median(part, func(s sample) float64 { return s.heap })/(1<<20), median(part, func(s sample) float64 { return s.rss })/(1<<20))
	}
	return b.String()
}
