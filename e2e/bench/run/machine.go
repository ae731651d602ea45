package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/kith-web/kith/e2e/figure"
)

// looking is how long it is watched what else the machine does.
const looking = 3 * time.Second

// circumstances are the machine, and what else it does now.
func circumstances(ctx context.Context) (m figure.Measured) {
	m.Machine = fmt.Sprintf("%s, %d cores, %s, Linux %s, %s", processor(), runtime.NumCPU(), memory(), kernel(), runtime.Version())
	data, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(string(data), &m.Load)
	idle1, all1 := ticks()
	select {
	case <-time.After(looking):
	case <-ctx.Done():
	}
	idle2, all2 := ticks()
	if all2 > all1 {
		m.Busy = 100 - 100*(idle2-idle1)/(all2-all1)
	}
	m.Busy = float64(int(m.Busy*10)) / 10
	return m
}

// ticks are those that all processors had, and those of them in which they did
// nothing, or nothing of this machine's (proc(5), stat).
func ticks() (idle, all float64) {
	data, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(data), "\n")
	for i, field := range strings.Fields(line) {
		var n float64
		if _, err := fmt.Sscan(field, &n); i == 0 || i > 8 || err != nil {
			continue // guests' are counted already
		}
		all += n
		if i == 4 || i == 5 { // idle, iowait
			idle += n
		}
	}
	return idle, all
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

func kernel() string {
	out, _ := exec.Command("uname", "-r").Output()
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "-")
	return version
}
