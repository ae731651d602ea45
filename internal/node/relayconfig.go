package node

import (
	"net/netip"
	"strconv"

	"github.com/kith-web/kith/internal/relay"
)

// RelayConfig is the table [relay], which 'kith relay' reads and no node.
type RelayConfig struct {
	Listen      string `toml:"listen" doc:"Where the HTTP and WebSocket trackers listen, host:port. Only 'kith relay' reads this table."`
	UDP         string `toml:"udp" doc:"Where the UDP tracker listens, host:port. Empty: as listen. The word off: nowhere."`
	TURN        string `toml:"turn" doc:"Where STUN and TURN listen, host:port, such as 0.0.0.0:3478. The word off: nowhere."`
	TURNTLS     string `toml:"turn_tls" doc:"Where TURN listens by TLS, host:port, such as 0.0.0.0:5349, for networks that let nothing else through. It needs certificate and key. The word off: nowhere."`
	TURNAddress string `toml:"turn_address" doc:"The public address of this computer, under which TURN carries packets for others. Empty: STUN alone."`
	TURNRate    Size   `toml:"turn_rate" doc:"Most bytes a second that TURN carries for one connection."`
	TURNTotal   Size   `toml:"turn_total" doc:"Most bytes a second that TURN carries for all together."`
	TURNMost    int    `toml:"turn_connections" doc:"Most connections that TURN carries at once."`
	TURNEach    int    `toml:"turn_per_address" doc:"Most of them for one address."`
	Rate        int    `toml:"rate" doc:"Most requests a second that one address may make of the trackers, and of the mailboxes by HTTP, in the long run."`
	Connections int    `toml:"connections" doc:"Most connections that one address may hold open."`
	Trusted     List   `toml:"trusted" doc:"Reverse proxies in front, as addresses or prefixes, whose X-Forwarded-For is believed."`
	Certificate string `toml:"certificate" doc:"A PEM file with the certificate for https:// and wss://. Empty: http:// and ws://, for a proxy in front."`
	Key         string `toml:"key" doc:"A PEM file with its key."`
	Metrics     string `toml:"metrics" doc:"Where the relay tells what it has done (/metrics, /metrics.json), host:port. The word off: nowhere."`
	Remember    bool   `toml:"remember" doc:"Keep the trackers' peers in the home from an end to the next start, within their time."`

	Mailbox RelayMailboxConfig `toml:"mailbox" doc:"Mailboxes for sealed messages between people who are not there at the same time."`
}

func defaultRelay() RelayConfig {
	return RelayConfig{
		Listen: "127.0.0.1:5487", TURN: relay.Off, TURNTLS: relay.Off, TURNRate: 128 << 10, TURNTotal: 1 << 20, TURNMost: 128, TURNEach: 16, Rate: 50, Connections: 256, Metrics: relay.Off,
		Mailbox: defaultRelayMailbox(),
	}
}

func (c *Config) checkRelay() error {
	r := c.Relay
	if !isHostPort(r.Listen) {
		return bad("relay.listen", r.Listen, "host:port, such as 0.0.0.0:5487")
	}
	for key, v := range map[string]string{"relay.udp": r.UDP, "relay.turn": r.TURN, "relay.turn_tls": r.TURNTLS, "relay.metrics": r.Metrics} {
		if v != relay.Off && !isHostPort(v) && (v != "" || key != "relay.udp") {
			return bad(key, v, "host:port or off")
		}
	}
	if _, err := netip.ParseAddr(r.TURNAddress); r.TURNAddress != "" && err != nil {
		return bad("relay.turn_address", r.TURNAddress, "an IP address")
	}
	if r.TURNRate <= 0 || r.TURNTotal <= 0 {
		return bad("relay.turn_rate or turn_total", "0", "a size above 0")
	}
	if r.TURNMost <= 0 || r.TURNEach <= 0 {
		return bad("relay.turn_connections or turn_per_address", strconv.Itoa(min(r.TURNMost, r.TURNEach)), "a number above 0")
	}
	if r.Rate <= 0 || r.Connections <= 0 {
		return bad("relay.rate or connections", strconv.Itoa(min(r.Rate, r.Connections)), "a number above 0")
	}
	for _, t := range r.Trusted {
		if _, err := prefix(t); err != nil {
			return bad("relay.trusted", t, "an IP address or a prefix, such as 192.0.2.0/24")
		}
	}
	if (r.Certificate == "") != (r.Key == "") {
		return bad("relay.certificate and key", r.Certificate+r.Key, "a pair of files")
	}
	return c.checkRelayMailbox()
}

// prefix reads an address, or a prefix of them.
func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
