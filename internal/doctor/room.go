package doctor

import (
	"runtime"
	"strings"

	"github.com/kith-web/kith/internal/text"
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
		c.Found(Skipped, "the free space cannot be told: %v", err)
		return c
	}
	c.Found(OK, "%s GiB free at %s", text.Decimal{Value: float64(n) / (1 << 30), Digits: 1}, home)
	if n < diskWarning {
		c.State = Warning
		c.Advise("remove sites with 'kith remove', or lower cache.size in config.toml")
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
		c.Found(Skipped, "the system sets no limit that could be read")
		return c
	}
	c.Found(OK, "%d of at most %d", used, limit)
	if limit < fewFiles {
		c.Found(Warning, "at most %d, connections included, and %d are open: peers are refused when it is reached", limit, used)
		c.Advise("run 'ulimit -n 65536' before 'kith up'")
		if runtime.GOOS == "linux" {
			c.Advise("run 'ulimit -n 65536' before 'kith up', or set LimitNOFILE=65536 in its systemd unit")
		}
	}
	return c
}

// checkBuffer asks for the receive buffer that QUIC wants, and sees what comes of it.
func checkBuffer(ask func(want int) (got int, err error)) Check {
	c := Check{Name: "UDP buffer"}
	got, err := ask(bufferWanted)
	if err != nil {
		c.Found(Skipped, "its size cannot be told: %v", err)
		return c
	}
	c.Found(OK, "%d KiB", got>>10)
	if got < bufferWanted {
		c.Found(Warning, "%d KiB, and QUIC asks for %d: fast transfers lose packets", got>>10, bufferWanted>>10)
		c.advise(hint(map[string]text.Phrase{
			"linux":  text.Of("run 'sudo sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d', write both to /etc/sysctl.d/kith.conf to keep them, and start the node again", bufferLimit, bufferLimit),
			"":       text.Of("raise the limit of the system for socket buffers, and start the node again"),
			"darwin": text.Of("run 'sudo sysctl -w kern.ipc.maxsockbuf=%d', and start the node again", 8<<20),
		}))
	}
	return c
}

// checkLocalhost asks whether programs other than browsers find names under
// localhost. It reads the system's configuration and asks nobody.
func checkLocalhost(s system) Check {
	c := Check{Name: "*.localhost", State: Skipped}
	if runtime.GOOS != "linux" {
		c.Found(Skipped, "Chromium and Firefox find the origins of sites by themselves; Safari may not")
		c.Advise("open sites in Firefox or a browser made of Chromium")
		return c
	}
	data, err := s.read("/etc/nsswitch.conf")
	if err != nil {
		c.Found(Skipped, "Chromium, Firefox and curl know these names by themselves; other programs may not")
		return c
	}
	for line := range strings.Lines(string(data)) {
		hosts, ok := strings.CutPrefix(strings.TrimSpace(line), "hosts:")
		if ok && (strings.Contains(hosts, "myhostname") || strings.Contains(hosts, "resolve")) {
			c.Found(OK, "every program on this computer finds the origins of sites")
			return c
		}
	}
	c.Found(OK, "Chromium, Firefox and curl find the origins of sites; other programs may not")
	c.Advise("install libnss-myhostname if one needs to, or use 'kith get'")
	return c
}
