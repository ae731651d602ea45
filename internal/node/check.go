package node

import (
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// check refuses values that cannot work, naming key and value.
func (c *Config) check() error {
	for _, f := range []func() error{c.checkGateway, c.checkBitTorrent, c.checkIPFS, c.checkDNS, c.checkRelay, c.checkHost, c.checkWebTransport, c.checkFriends, c.checkRest} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkGateway() error {
	host, port, err := net.SplitHostPort(c.Gateway.Listen)
	if err != nil || host == "" || !isPort(port) {
		return bad("gateway.listen", c.Gateway.Listen, "host:port, such as 127.0.0.1:5484")
	}
	if c.Gateway.Timeout <= 0 {
		return bad("gateway.timeout", "0", "a length of time, such as 60s")
	}
	if c.Gateway.Stall <= 0 {
		return bad("gateway.stall", "0", "a length of time, such as 2m")
	}
	return nil
}

func (c *Config) checkBitTorrent() error {
	b := c.BitTorrent
	if !isHostPort(b.Listen) {
		return bad("bittorrent.listen", b.Listen, "host:port, such as :42069")
	}
	for _, t := range b.Trackers {
		if !hasScheme(t, "udp", "http", "https", "ws", "wss") {
			return bad("bittorrent.trackers", t, "a URL that begins with udp, http, https, ws or wss")
		}
	}
	for _, n := range b.DHTBootstrap {
		if !isHostPort(n) {
			return bad("bittorrent.dht_bootstrap", n, "host:port")
		}
	}
	if b.MaxFiles <= 0 || b.MaxSize <= 0 || b.MaxPeers <= 0 {
		return bad("bittorrent.max_files, max_size or max_peers", "0", "a number above 0")
	}
	return nil
}

func (c *Config) checkIPFS() error {
	i := c.IPFS
	for _, l := range i.Listen {
		if _, err := multiaddrs(l); err != nil {
			return bad("ipfs.listen", l, "host:port with the host an IP address or empty, such as :42070, or a multiaddr")
		}
	}
	for key, list := range map[string]List{"ipfs.bootstrap": i.Bootstrap, "ipfs.peers": i.Peers} {
		for _, p := range list {
			if !strings.HasPrefix(p, "/") || !strings.Contains(p, "/p2p/") {
				return bad(key, p, "a multiaddr that ends in /p2p/<peer id>")
			}
		}
	}
	for key, list := range map[string]List{"ipfs.routers": i.Routers, "ipfs.gateways": i.Gateways} {
		for _, u := range list {
			if !hasScheme(u, "http", "https") {
				return bad(key, u, "an http or https URL")
			}
		}
	}
	if i.MaxFiles <= 0 {
		return bad("ipfs.max_files", strconv.Itoa(i.MaxFiles), "a number above 0")
	}
	return nil
}

func (c *Config) checkDNS() error {
	if c.DNS.DoH != "" && !hasScheme(c.DNS.DoH, "http", "https") {
		return bad("dns.doh", c.DNS.DoH, "an https URL")
	}
	if c.DNS.Server != "" && c.DNS.Server != dnsOff && !isHostPort(c.DNS.Server) {
		return bad("dns.server", c.DNS.Server, "host:port, such as 192.0.2.53:53")
	}
	return nil
}

func (c *Config) checkRest() error {
	for _, s := range c.WebRTC.STUN {
		if !strings.HasPrefix(s, "stun:") && !strings.HasPrefix(s, "stuns:") {
			return bad("webrtc.stun", s, "stun:host:port")
		}
	}
	if c.Publish.MaxFiles <= 0 {
		return bad("publish.max_files", strconv.Itoa(c.Publish.MaxFiles), "a number above 0")
	}
	if _, err := logLevel(c.Log.Level); err != nil {
		return bad("log.level", c.Log.Level, "debug, info, warn or error")
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		return bad("log.format", c.Log.Format, "text or json")
	}
	return nil
}

// logLevel reads log.level.
func logLevel(name string) (level slog.Level, err error) {
	err = level.UnmarshalText([]byte(name))
	return level, err
}

func bad(key, value, want string) error {
	return fault.New(fault.Invalid, "%s: %q is not %s", key, fault.Redact(value), want).
		WithHint("'kith config path' says where the configuration is, 'kith config reference' what it may say")
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

func isHostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && isPort(port)
}

func hasScheme(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme)
}
