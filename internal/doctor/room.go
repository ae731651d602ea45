package doctor

import (
	"fmt"
	"runtime"
	"strings"
)

// Marks for the space that is left where the home is.
const (
	diskWarning = 2 << 30
	diskFailed  = 200 << 20
)

// fewFiles is how many files and connections a busy node has open.
const fewFiles = 4096

// What quic-go wants of the system's buffer, and what makes room for it.
const (
	bufferWanted = 7 << 20
	bufferLimit  = 7_500_000
)

func checkDisk(home string, free func(string) (uint64, error)) Check {
	c := Check{Name: "disk"}
	n, err := free(home)
	if err != nil {
		c.State, c.Message = Skipped, "the free space cannot be told: "+err.Error()
		return c
	}
	c.State, c.Message = OK, fmt.Sprintf("%.1f GiB free at %s", float64(n)/(1<<30), home)
	if n < diskWarning {
		c.State, c.Hint = Warning, "remove sites with 'kith remove', or lower cache.size in config.toml"
	}
	if n < diskFailed {
		c.State = Failed
	}
	return c
}

func checkFiles(open func() (used, limit uint64, err error)) Check {
	c := Check{Name: "open files"}
	used, limit, err := open()
	if err != nil {
		c.State, c.Message = Skipped, "the system sets no limit that could be read"
		return c
	}
	c.State, c.Message = OK, fmt.Sprintf("%d of at most %d", used, limit)
	if limit < fewFiles {
		c.State, c.Message = Warning, fmt.Sprintf("at most %d, connections included, and %d are open: peers are refused when it is reached", limit, used)
		c.Hint = "run 'ulimit -n 65536' before 'kith up'"
		if runtime.GOOS == "linux" {
			c.Hint += ", or set LimitNOFILE=65536 in its systemd unit"
		}
	}
	return c
}

// checkBuffer asks for the receive buffer that QUIC wants, and sees what comes of it.
func checkBuffer(ask func(want int) (got int, err error)) Check {
	c := Check{Name: "UDP buffer"}
	got, err := ask(bufferWanted)
	if err != nil {
		c.State, c.Message = Skipped, "its size cannot be told: "+err.Error()
		return c
	}
	c.State, c.Message = OK, fmt.Sprintf("%d KiB", got>>10)
	if got < bufferWanted {
		c.State = Warning
		c.Message = fmt.Sprintf("%d KiB, and QUIC asks for %d: fast transfers lose packets", got>>10, bufferWanted>>10)
		c.Hint = hint(map[string]string{
			"linux":  fmt.Sprintf("run 'sudo sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d', write both to /etc/sysctl.d/kith.conf to keep them, and start the node again", bufferLimit, bufferLimit),
			"":       "raise the limit of the system for socket buffers, and start the node again",
			"darwin": fmt.Sprintf("run 'sudo sysctl -w kern.ipc.maxsockbuf=%d', and start the node again", 8<<20),
		})
	}
	return c
}

// checkLocalhost asks whether programs other than browsers find names under
// localhost. It reads the system's configuration and asks nobody.
func checkLocalhost(s system) Check {
	c := Check{Name: "*.localhost", State: Skipped}
	if runtime.GOOS != "linux" {
		c.Message = "Chromium and Firefox find the origins of sites by themselves; Safari may not"
		c.Hint = "open sites in Firefox or a browser made of Chromium"
		return c
	}
	data, err := s.read("/etc/nsswitch.conf")
	if err != nil {
		c.Message = "Chromium, Firefox and curl know these names by themselves; other programs may not"
		return c
	}
	for line := range strings.Lines(string(data)) {
		hosts, ok := strings.CutPrefix(strings.TrimSpace(line), "hosts:")
		if ok && (strings.Contains(hosts, "myhostname") || strings.Contains(hosts, "resolve")) {
			c.State, c.Message = OK, "every program on this computer finds the origins of sites"
			return c
		}
	}
	c.State, c.Message = OK, "Chromium, Firefox and curl find the origins of sites; other programs may not"
	c.Hint = "install libnss-myhostname if one needs to, or use 'kith get'"
	return c
}
