package api

import (
	"testing"
)

func TestPortsAreNamedOnce(t *testing.T) {
	for want, listen := range map[string][]string{
		"port 42069":         {"tcp://0.0.0.0:42069", "tcp://[::]:42069", "udp://0.0.0.0:42069"},
		"ports 42070, 42071": {"/ip4/10.0.0.1/tcp/42070/p2p/12D3", "/ip6/::1/udp/42071/quic-v1/p2p/12D3", "/ip4/127.0.0.1/tcp/42070"},
		"port /dns4/host":    {"/dns4/host"},
		"port \x7f":          {"\x7f"},
	} {
		if got := ports(listen).String(); got != want {
			t.Errorf("%q: %s, want %s", listen, got, want)
		}
	}
}
