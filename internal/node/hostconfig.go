package node

import (
	"net/mail"
	"net/netip"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/front"
	"github.com/kith-web/kith/internal/host"
)

// HostConfig is the table [host], which 'kith host' reads and no other node.
type HostConfig struct {
	Domain      string   `toml:"domain" doc:"The public name below which every site has an origin, such as example.org. Only 'kith host' reads this table."`
	Front       string   `toml:"front" doc:"An existing website to stand before, such as https://my.site: its visitors at the domain serve one another. Empty: none."`
	FrontCrawl  int      `toml:"front_crawl" doc:"How many of its files are looked for by following its links; 0 for none, only what visitors ask for."`
	FrontCache  Size     `toml:"front_cache" doc:"Most disk space for pieces of its files."`
	FrontEvery  Duration `toml:"front_every" doc:"The least time between two manifests of its files."`
	HTTP        string   `toml:"http" doc:"Where HTTP listens, host:port or off. Empty: 127.0.0.1:5486, or :80 where there is HTTPS."`
	HTTPS       string   `toml:"https" doc:"Where HTTPS listens, host:port. Empty: :443 where there are certificates."`
	Certificate string   `toml:"certificate" doc:"A PEM file with a certificate for the domain and *.domain. It is read again when it is renewed."`
	Key         string   `toml:"key" doc:"A PEM file with its key."`
	ACME        string   `toml:"acme" doc:"An e-mail address. Certificates are then obtained and renewed by themselves; with it you agree to the terms of the authority."`
	ACMEServer  string   `toml:"acme_server" doc:"The directory of the certificate authority. Empty: Let's Encrypt."`
	ACMERoot    string   `toml:"acme_root" doc:"A PEM file with the authority's own root, where it is a private one."`
	Trusted     List     `toml:"trusted" doc:"Reverse proxies in front, as addresses or prefixes, whose X-Forwarded-For and -Proto are believed."`
	Public      string   `toml:"public" doc:"The scheme and port by which visitors come, such as https or https:8443, where a proxy is in front. Empty: as this host listens."`
	Names       bool     `toml:"names" doc:"Serve domains of other people's too, when their DNSLink or wtpkey leads to one of the sites."`
	Plain       bool     `toml:"plain" doc:"Leave pages as they are: visitors load everything from this host and do not help."`
	Badge       bool     `toml:"badge" doc:"Show visitors a badge with the peers they are connected to."`
	Tracker     bool     `toml:"tracker" doc:"Let visitors and other peers of the sites meet here."`
	Trackers    List     `toml:"trackers" doc:"Further trackers for visitors, ws:// or wss://."`
	TURN        string   `toml:"turn" doc:"Where STUN and TURN for visitors listen, host:port, such as 0.0.0.0:3478. The word off: nowhere."`
	TURNAddress string   `toml:"turn_address" doc:"The public address of this computer, under which TURN carries packets for visitors. Empty: STUN alone."`
	ICE         List     `toml:"ice" doc:"STUN servers (stun:host:port) and relays (https://relay.example.org/ice) of others that visitors use to reach one another."`
	Rate        int      `toml:"rate" doc:"Most requests a second that one address may make in the long run."`
	Connections int      `toml:"connections" doc:"Most connections that one address may hold open."`
	Metrics     string   `toml:"metrics" doc:"Where the host tells what it has sent (/metrics, /metrics.json, /healthz), host:port. The word off: nowhere."`
}

func defaultHost() HostConfig {
	return HostConfig{
		Names: true, Tracker: true, TURN: host.Off, Metrics: host.Off,
		FrontCrawl: front.DefaultCrawl, FrontCache: front.DefaultCacheSize, FrontEvery: Duration(front.DefaultEvery),
		Rate: int(host.DefaultRate), Connections: host.DefaultMaxConnsPerAddress,
	}
}

func (c *Config) checkHost() error {
	h := c.Host
	for key, v := range map[string]string{"host.http": h.HTTP, "host.https": h.HTTPS, "host.turn": h.TURN, "host.metrics": h.Metrics} {
		if v != host.Off && v != "" && !isHostPort(v) {
			return bad(key, v, "host:port or off")
		}
	}
	if err := checkFront(h); err != nil {
		return err
	}
	if (h.Certificate == "") != (h.Key == "") {
		return bad("host.certificate and key", h.Certificate+h.Key, "a pair of files")
	}
	if h.Certificate != "" && h.ACME != "" {
		return bad("host.acme", h.ACME, "needed beside a certificate of your own")
	}
	if a, err := mail.ParseAddress(h.ACME); h.ACME != "" && (err != nil || a.Address != h.ACME) {
		return bad("host.acme", h.ACME, "an e-mail address, such as me@example.org")
	}
	if h.ACMEServer != "" && !hasScheme(h.ACMEServer, "https") {
		return bad("host.acme_server", h.ACMEServer, "an https URL")
	}
	for _, t := range h.Trusted {
		if _, err := prefix(t); err != nil {
			return bad("host.trusted", t, "an IP address or a prefix, such as 192.0.2.0/24")
		}
	}
	for _, t := range h.Trackers {
		if !hasScheme(t, "ws", "wss") {
			return bad("host.trackers", t, "a URL that begins with ws or wss")
		}
	}
	for _, u := range h.ICE {
		if !hasScheme(u, "http", "https") && !(strings.HasPrefix(u, "stun:") && isHostPort(u[len("stun:"):])) {
			return bad("host.ice", u, "stun:host:port, or the URL of a relay's /ice")
		}
	}
	if _, err := netip.ParseAddr(h.TURNAddress); h.TURNAddress != "" && err != nil {
		return bad("host.turn_address", h.TURNAddress, "an IP address")
	}
	if _, _, ok := publicWay(h.Public); !ok {
		return bad("host.public", h.Public, "http or https, with a port where it is not the usual one, such as https:8443")
	}
	if h.Rate <= 0 || h.Connections <= 0 {
		return bad("host.rate or connections", strconv.Itoa(min(h.Rate, h.Connections)), "a number above 0")
	}
	return nil
}
