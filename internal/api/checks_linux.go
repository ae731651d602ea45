package api

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// udpBuffer is the receive buffer that QUIC and WebRTC want to ask for, in
// bytes (quic-go's own figure).
const udpBuffer = 7_500_000

func checkBuffers() Check {
	c := Check{Name: "UDP buffer"}
	data, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	size, err2 := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || err2 != nil {
		c.State, c.Message = Skipped, "the largest receive buffer cannot be told"
		return c
	}
	c.State, c.Message = OK, fmt.Sprintf("up to %d bytes", size)
	if size < udpBuffer {
		c.State, c.Message = Warning, fmt.Sprintf("at most %d bytes: fast transfers over QUIC and WebRTC lose packets", size)
		c.Hint = fmt.Sprintf("run 'sudo sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d'", udpBuffer, udpBuffer)
	}
	return c
}

// checkLocalhost asks whether programs other than browsers find names under
// localhost. It reads the system's configuration and asks nobody.
func checkLocalhost() Check {
	c := Check{Name: "*.localhost", State: Skipped}
	data, err := os.ReadFile("/etc/nsswitch.conf")
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
