package node

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/front"
	"github.com/kith-web/kith/internal/gateway"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/host/acme"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/web"
)

// Hosting is what a node serves to the public.
type Hosting struct {
	// Sites are addresses and folders, each alone or as NAME=…, where NAME is
	// the label below the domain, or @ for the domain itself.
	Sites []string
	// Watch publishes the folders again after every change.
	Watch bool
	// Ready is told of every site once it can be visited, and of what stands in
	// the way of those that cannot be yet. It is called from one goroutine at a time.
	Ready func(h Hosted)
}

// Hosted is a site that is served to the public.
type Hosted struct {
	// URL is where visitors find it, Others are further URLs.
	URL    string
	Others []string
	// Address is what it is; Folder is where it comes from, "" for a site of
	// others.
	// Front is the website behind, for that one.
	Address address.Address
	Folder  string
	Front   string
	// Err says why it cannot be visited yet.
	Err error
}

// hosting is the public side of a node at work.
type hosting struct {
	p      *parts
	c      HostConfig
	host   *host.Host
	server *host.Server
	meet   *meeting      // nil without a tracker
	acme   *acme.Manager // nil without
	secure bool          // visitors come by HTTPS
	port   string        // that visitors come by, ":8443", "" for the usual one
	sites  *sitesOnShow
	front  *front.Front // nil without a website behind
}

// startHost opens the public side, if the node has one.
func (p *parts) startHost() error {
	if p.node.o.Host == nil {
		return nil
	}
	h := &hosting{p: p, c: p.node.o.Config.Host, meet: p.meet}
	var err error
	if h.sites, err = readShow(p.node.o.Host, h); err != nil {
		return err
	}
	trusted, err := prefixes("host.trusted", h.c.Trusted)
	if err != nil {
		return err
	}
	handler, err := h.newHost(trusted)
	if err != nil {
		return err
	}
	if err := h.listen(handler, trusted); err != nil {
		return err
	}
	h.where()
	if err := h.startFront(); err != nil {
		return err
	}
	p.node.public = h.addresses()
	p.node.runs = append(p.node.runs, h.server.Run, h.sites.run)
	if h.meet != nil {
		h.meet.allow(h.host.InSwarm)
	}
	return nil
}

// newHost makes the handler of the public.
func (h *hosting) newHost(trusted []netip.Prefix) (http.Handler, error) {
	n := h.p.node
	log := n.o.Log.With("part", "host")
	inner, err := gateway.New(gateway.Options{
		Sites: publicSites{gatewaySites{h.p.sites}}, Log: log,
		Patience: time.Duration(n.o.Config.Gateway.Timeout), Stall: time.Duration(n.o.Config.Gateway.Stall),
	})
	if err != nil {
		return nil, fmt.Errorf("start the host: %w", err)
	}
	n.onClose("host's gateway", inner.Close)
	assets, err := fs.Sub(web.Dist(), "visit")
	if err != nil {
		return nil, err
	}
	o := host.Options{
		Domain: h.c.Domain, Sites: hostSites{h.p.sites}, Gateway: inner, Assets: assets, AssetPolicy: web.VisitPolicy(),
		Trackers: h.c.Trackers, NodePort: gatewayPort, Plain: h.c.Plain, Badge: h.c.Badge, Trusted: trusted,
		Patience: time.Duration(n.o.Config.Gateway.Timeout), Rate: guard.Limit{PerSecond: float64(h.c.Rate), Burst: 10 * h.c.Rate},
		HSTS: hstsTime, Log: log, WebTransport: h.p.hostEndpoints(),
	}
	if h.p.torrents != nil && n.o.Config.BitTorrent.WebRTC {
		o.Peer = h.p.torrents.Status().PeerID
	}
	if h.p.ipfs != nil {
		o.IPFS = h.p.ipfs.Gateway()
	}
	if h.c.Names {
		// By DNS alone: a domain that leads here has this host as its web server.
		r, err := h.p.newResolver(resolve.Options{})
		if err != nil {
			return nil, err
		}
		o.Names = follower{r}
	}
	if h.meet != nil {
		o.Tracker = h.meet.tracker
	}
	o.ICE = h.ice()
	if h.host, err = host.New(o); err != nil {
		return nil, err
	}
	return steadyBodies(h.host, bodyTime), nil
}

// ice is what visitors are given to reach one another: this host's own STUN and
// TURN, then those of others. It is nil where there are none.
func (h *hosting) ice() func(name string) []host.ICEServer {
	own := h.meet != nil && h.meet.turn != nil
	others := newICERelays(h.c.ICE, h.p.node.o.Log.With("part", "host"))
	if !own && len(h.c.ICE) == 0 {
		return nil
	}
	return func(name string) (list []host.ICEServer) {
		if own {
			list = h.meet.ice(name)
		}
		return append(list, others.servers()...)
	}
}

// gatewayPort is where a visitor's own node is, unless they moved it.
const gatewayPort = 5484

// hstsTime is how long browsers come by HTTPS alone.
const hstsTime = 30 * 24 * time.Hour

// listen opens the public ports.
func (h *hosting) listen(handler http.Handler, trusted []netip.Prefix) error {
	o := host.ServerOptions{
		Handler: handler, Metrics: h.host.MetricsHandler(), HTTP: h.c.HTTP, HTTPS: h.c.HTTPS, MetricsAt: h.c.Metrics,
		Trusted: trusted, MaxConnsPerAddress: h.c.Connections, Log: h.p.node.o.Log.With("part", "host"),
	}
	if h.hasTLS() {
		orElse(&o.HTTPS, ":443")
		orElse(&o.HTTP, ":80")
	} else if o.HTTPS != "" && o.HTTPS != host.Off {
		return fault.New(fault.Invalid, "HTTPS on %s needs certificates", o.HTTPS).
			WithHint("give --certificate and --key, or --acme with your e-mail address")
	}
	orElse(&o.HTTP, "127.0.0.1:5486")
	var err error
	if h.server, err = host.NewServer(context.Background(), o); err != nil {
		return err
	}
	h.p.node.onClose("host", h.server.Close)
	return h.certificates()
}

func orElse(s *string, d string) {
	if *s == "" {
		*s = d
	}
}

// where finds out by which scheme and port visitors come.
func (h *hosting) where() {
	secure, port, _ := publicWay(h.c.Public)
	if h.c.Public != "" {
		h.secure, h.port = secure, port
		return
	}
	at, usual := h.server.HTTPAddr(), 80
	if https := h.server.HTTPSAddr(); https != nil {
		h.secure, at, usual = true, https, 443
	}
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.Port != usual {
		h.port = ":" + strconv.Itoa(tcp.Port)
	}
}

// publicWay reads host.public: "https", "https:8443", "".
func publicWay(s string) (secure bool, port string, ok bool) {
	scheme, number, found := strings.Cut(s, ":")
	if found {
		port = ":" + number
	}
	return scheme == "https", port, s == "" || (scheme == "http" || scheme == "https") && (!found || isPort(number))
}

// url is where visitors find a host name, by http(s) or, with socket, by ws(s).
func (h *hosting) url(socket bool, name string) string {
	scheme := "http"
	if socket {
		scheme = "ws"
	}
	if h.secure {
		scheme += "s"
	}
	return scheme + "://" + name + h.port
}

func prefixes(key string, list List) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, t := range list {
		p, err := prefix(t)
		if err != nil {
			return nil, bad(key, t, "an IP address or a prefix")
		}
		out = append(out, p)
	}
	return out, nil
}

// publicSites are sites as the public sees them: every one an ordinary page,
// whatever its owner made of it for themselves.
type publicSites struct{ gatewaySites }

// PolicyOf implements gateway.Sites.
func (publicSites) PolicyOf(address.Address) gateway.Policy { return gateway.Policy{} }

// Open implements gateway.Sites.
func (s publicSites) Open(ctx context.Context, a address.Address) (gateway.Handle, error) {
	h, err := s.m.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return publicHandle{h}, nil
}

// publicHandle is a site in use by the public.
type publicHandle struct{ *site.Handle }

// Policy implements gateway.Handle.
func (publicHandle) Policy() gateway.Policy { return gateway.Policy{} }

// ClearOnNext implements gateway.Handle.
func (publicHandle) ClearOnNext() bool { return false }

// hostSites is a site.Manager as package host wants it.
type hostSites struct{ m *site.Manager }

// Open implements host.Sites.
func (s hostSites) Open(ctx context.Context, a address.Address) (host.Handle, error) {
	h, err := s.m.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return hostHandle{h}, nil
}

// hostHandle is a site.Handle as package host wants it.
type hostHandle struct{ *site.Handle }

// Piecer implements host.Handle.
func (h hostHandle) Piecer() (engine.Piecer, bool) {
	if p, ok := any(h.Handle).(interface{ Piecer() (engine.Piecer, bool) }); ok {
		return p.Piecer()
	}
	return nil, false
}

// PublicAddresses are where a host listens, "" where it does not.
type PublicAddresses struct {
	HTTP, HTTPS, Metrics string
	// Local says that the host is for this computer alone.
	Local bool
}

// Public says where a node that hosts sites listens for the public.
func (n *Node) Public() PublicAddresses { return n.public }

func (h *hosting) addresses() PublicAddresses {
	text := func(scheme string, a net.Addr) string {
		if a == nil {
			return ""
		}
		return scheme + a.String()
	}
	return PublicAddresses{
		HTTP: text("http://", h.server.HTTPAddr()), HTTPS: text("https://", h.server.HTTPSAddr()),
		Metrics: text("http://", h.server.MetricsAddr()), Local: isLoopbackName(h.c.Domain),
	}
}
