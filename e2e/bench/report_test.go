package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// write writes the page.
func write(t *testing.T, file string, rounds int, versions []string, results []result) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Benchmarks

Whole programs doing whole jobs, beside the programs people use today. Contestants take turns in one run on one machine, all on loopback; a figure is the median, with the lowest and highest run behind it. The goals were set before the first run, and where one is missed the table says so.

`)
	fmt.Fprintf(&b, "Measured on %s: %s, %d cores, %s, Linux %s, %s. %d runs each.\n\n",
		time.Now().UTC().Format("2 January 2006"), processor(), runtime.NumCPU(), memory(), kernel(t), runtime.Version(), rounds)
	b.WriteString("Beside Kith: " + strings.Join(versions, ", ") + ".\n\n")
	b.WriteString(`## How to repeat

` + "```" + `
KITH_KUBO=/path/to/ipfs ./bench
` + "```" + `

needs Linux. It takes what it finds of aria2c, rtorrent, mktorrent, ` + "`/usr/bin/python3`" + ` with libtorrent, and webtorrent (` + "`npm ci --ignore-scripts --prefix e2e/peers`" + `), shows the rest as missing, and writes this page. ` + "`KITH_BENCH_RUNS`" + ` is the number of runs, ` + "`KITH_BENCH_ONLY`" + ` chooses among hot, torrent, seek, ipfs, publish, idle, ready, stream, tracker and mailbox. The code is in [e2e/bench](../e2e/bench).

## Results

`)
	for _, r := range results {
		r.markdown(&b)
	}
	b.WriteString(conditions)
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// conditions is what a reader has to know to judge the figures.
const conditions = `## Conditions

- Homes, downloads and published folders are on the machine's disk, behind its page cache. Kubo runs with its test profile, which does not sync.
- Everything is on loopback and shares the two ends' processors, the seeder's and the client's work included.
- *Cold* is an empty home and one peer who has everything. Time runs from handing over the .torrent file or the address until the last byte arrived: for Kith and webtorrent's server at an HTTP client, for the other torrent programs on disk. Kith's node is running, as libtorrent's and webtorrent's process is; aria2c and rtorrent start in that time. All BitTorrent programs load from the same libtorrent seeder, over TCP, and get the same .torrent file.
- *Hot* is the second reading of what is on disk, in the page cache.
- Sites of many files are read by six connections at once, as a browser does.
- Publishing is the command's own time, from a folder in the page cache. Kith publishes to both networks at once; the time of the others is that of ` + "`ipfs add`" + ` followed by ` + "`mktorrent`" + `.
- *Mailboxes* are 2,000 queues over eight sessions each way; at full load 128 messages are on their way at any moment. A message counts when its receiver's acknowledgement is durable; its delay is from handing it to the sender's client until the receiver's has it, which is after it is durable at the relay. Client and relay share the processors.
- *Idle* is a node with both engines on and no site open, from 10 to 30 seconds after its start.
`

// markdown writes one table.
func (r result) markdown(b *bytes.Buffer) {
	fmt.Fprintf(b, "### %s\n\n", r.title)
	if r.goal != nil {
		fmt.Fprintf(b, "Goal: %s. %s\n\n", r.goal.text, sentence(r.verdict()))
	}
	fmt.Fprintf(b, "| | %s | lowest – highest |\n| --- | --- | --- |\n", r.unit)
	for i, c := range r.by {
		switch v := r.runs[i]; {
		case c.missing != "":
			fmt.Fprintf(b, "| %s | missing: %s | |\n", c.name, c.missing)
		case len(v) == 0:
			fmt.Fprintf(b, "| %s | failed | |\n", c.name)
		default:
			fmt.Fprintf(b, "| %s | %s | %s – %s%s |\n", c.name, figure(median(v)), figure(slices.Min(v)), figure(slices.Max(v)), r.ended(i))
		}
	}
	b.WriteByte('\n')
}

// ended says when a contestant did not end every run.
func (r result) ended(i int) string {
	if n, all := len(r.runs[i]), len(r.runs[0]); n != all {
		return fmt.Sprintf(", %d of %d runs ended", n, all)
	}
	return ""
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	return s + "."
}

func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func memory() string {
	data, _ := os.ReadFile("/proc/meminfo")
	var kib int64
	if _, err := fmt.Sscanf(string(data), "MemTotal: %d kB", &kib); err != nil {
		return "memory unknown"
	}
	return fmt.Sprintf("%d GiB", (kib+1<<19)>>20)
}

func kernel(t *testing.T) string {
	t.Helper()
	release := strings.TrimSpace(harness.Run(t, harness.Program{Path: "uname", Args: []string{"-r"}}))
	version, _, _ := strings.Cut(release, "-")
	return version
}

// version asks a program for its version and returns the first line of the
// answer that has a digit.
func version(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.TrimSpace(line)
		}
	}
	return name
}
