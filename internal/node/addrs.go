package node

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
)

// multiaddrs gives the multiaddrs of a place to listen, for TCP and QUIC. What
// is one already stays as it is.
func multiaddrs(listen string) ([]string, error) {
	if strings.HasPrefix(listen, "/") {
		return []string{listen}, nil
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil || !isPort(port) {
		return nil, fmt.Errorf("%q is not host:port", listen)
	}
	var hosts []string
	switch addr, err := netip.ParseAddr(host); {
	case host == "":
		hosts = []string{"/ip4/0.0.0.0", "/ip6/::"}
	case err != nil:
		return nil, fmt.Errorf("%q is not an IP address", host)
	case addr.Unmap().Is4():
		hosts = []string{"/ip4/" + addr.Unmap().String()}
	default:
		hosts = []string{"/ip6/" + addr.WithZone("").String()}
	}
	var out []string
	for _, h := range hosts {
		out = append(out, h+"/tcp/"+port, h+"/udp/"+port+"/quic-v1")
	}
	return out, nil
}

// freePort returns listen, host:port, or, when the port is taken for TCP or UDP,
// the same with port 0, which takes any that is free.
func freePort(listen string, log *slog.Logger) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return listen
	}
	tcp, err := net.Listen("tcp", listen)
	if err == nil {
		_ = tcp.Close()
		var udp net.PacketConn
		if udp, err = net.ListenPacket("udp", listen); err == nil {
			_ = udp.Close()
			return listen
		}
	}
	log.Info("the port for peers is taken, using another", "listen", listen, "error", err)
	return net.JoinHostPort(host, "0")
}
