package node

import "net"

// WebTransportConfig is the table [webtransport].
type WebTransportConfig struct {
	Enabled bool   `toml:"enabled" doc:"Whether browsers may take from this node over WebTransport, ten times as fast as over WebRTC."`
	Listen  string `toml:"listen" doc:"The UDP port that browsers come to, host:port. When the port is taken, another is used."`
	Address List   `toml:"address" doc:"Under which addresses or names browsers are told to come, host or host:port. Empty: the addresses of this computer that the whole Internet reaches, if it has any."`
	Private bool   `toml:"private" doc:"With address empty: tell them private addresses of this computer too. Browsers ask their user before a public page reaches one."`
}

func defaultWebTransport() WebTransportConfig {
	return WebTransportConfig{Enabled: true, Listen: ":42071"}
}

func (c *Config) checkWebTransport() error {
	w := c.WebTransport
	if !isHostPort(w.Listen) {
		return bad("webtransport.listen", w.Listen, "host:port, such as :42071")
	}
	for _, a := range w.Address {
		_, _, err := net.SplitHostPort(a)
		if a == "" || err != nil && net.ParseIP(a) == nil && !isHostPort(net.JoinHostPort(a, "1")) {
			return bad("webtransport.address", a, "a host or host:port, such as peer.example.org")
		}
	}
	return nil
}
