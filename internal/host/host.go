package host

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/text"
)

// reserved is the folder of every origin that belongs to the host.
const reserved = "/.kith"

// Host is the http.Handler of the public. It is safe for concurrent use.
type Host struct {
	o       Options
	table   atomic.Pointer[table]
	assets  *assets
	custom  custom
	rate    *guard.Rate
	lookups *guard.Rate
	pieces  chan struct{} // places for pieces in memory
	busy    chan struct{} // places for requests
	other   counters      // what was for no site
	texts   *text.Catalogue
}

var _ http.Handler = (*Host)(nil)

// New returns a Host without sites; Serve gives it some.
func New(o Options) (*Host, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	a, err := newAssets(o.Assets, o.AssetPolicy)
	if err != nil {
		return nil, err
	}
	h := &Host{
		o: o, assets: a, custom: newCustom(o.MaxNames), rate: guard.NewRate(o.Rate), lookups: guard.NewRate(o.Lookups),
		pieces: make(chan struct{}, o.MaxPieces), busy: make(chan struct{}, o.MaxBusy), texts: text.New(),
	}
	return h, h.Serve(nil)
}

// Serve replaces the sites that are served. A site that keeps its Name, or
// else its Address, keeps its counters and what is known of its versions.
func (h *Host) Serve(sites []Site) error {
	t, err := newTable(h.o.Domain, sites, h.table.Load())
	if err != nil {
		return err
	}
	h.table.Store(t)
	h.custom.clear()
	return nil
}

// ServeHTTP decides by the Host header alone which site a request is for.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := h.client(r)
	a := &answer{ResponseWriter: w, h: h, r: r, count: &h.other}
	h.secure(a)
	if !h.rate.Allow(from) {
		a.Header().Set("Retry-After", "5")
		a.refuse(http.StatusTooManyRequests)
		return
	}
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	default:
		a.Header().Set("Retry-After", "2")
		a.refuse(http.StatusServiceUnavailable)
		return
	}
	s, err := h.find(r, from)
	if err != nil {
		a.refuse(statusOf(err))
		return
	}
	a.site, a.count = s, s.count
	a.count.requests.Add(1)
	if s.site.Front != nil && !isReserved(r.URL.Path) {
		h.serveFront(a)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		a.Header().Set("Allow", "GET, HEAD, OPTIONS")
		crossOrigin(a.Header(), r)
		a.WriteHeader(http.StatusNoContent)
		return
	default:
		a.Header().Set("Allow", "GET, HEAD, OPTIONS")
		a.refuse(http.StatusMethodNotAllowed)
		return
	}
	switch path := r.URL.Path; {
	case isReserved(path):
		h.serveReserved(a, strings.TrimPrefix(strings.TrimPrefix(path, reserved), "/"))
	case strings.HasPrefix(path, "/ipfs/") && h.o.IPFS != nil:
		h.serveBlocks(a)
	default:
		h.serveFiles(a)
	}
}

// find returns the site that a request is for.
func (h *Host) find(r *http.Request, from netip.Addr) (*served, error) {
	name, ok := hostName(r.Host)
	if !ok {
		return nil, fault.New(fault.Invalid, "%.100q is no host name", r.Host)
	}
	t := h.table.Load()
	if s := t.hosts[name]; s != nil {
		return s, nil
	}
	if name == h.o.Domain || strings.HasSuffix(name, "."+h.o.Domain) {
		return nil, fault.New(fault.NotFound, "no site is served at %s", name)
	}
	return h.follow(r.Context(), t, name, from)
}

// hostName is the name in a Host header (RFC 9110 §7.2), in lower case and
// without its port; ok is false for what is no name of a site.
func hostName(host string) (name string, ok bool) {
	name, port, found := strings.Cut(host, ":")
	if found && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "") {
		return "", false
	}
	name = strings.ToLower(name)
	return name, isDomain(name)
}

// client is whom limits count: the address a request comes from, in IPv6 its
// /48, which is what a household may have.
func (h *Host) client(r *http.Request) netip.Addr { return subject(guard.Client(r, h.o.Trusted)) }

func subject(a netip.Addr) netip.Addr {
	if !a.Is6() || a.Is4In6() {
		return a
	}
	if p, err := a.Prefix(48); err == nil {
		return p.Addr()
	}
	return a
}

// isSecure reports whether the visitor came by HTTPS.
func (h *Host) isSecure(r *http.Request) bool {
	return r.TLS != nil || h.isProxied(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// isProxied reports whether a trusted proxy sent the request.
func (h *Host) isProxied(r *http.Request) bool {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range h.o.Trusted {
		if p.Contains(a.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// crossOrigin lets pages of other origins read what is public and the same for
// everybody.
func crossOrigin(h http.Header, r *http.Request) {
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Range")
		h.Set("Access-Control-Max-Age", "86400")
	}
	h.Set("Access-Control-Expose-Headers", "Content-Range, Content-Length, Etag, X-Ipfs-Path, X-Ipfs-Roots")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}
