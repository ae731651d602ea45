package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// serveConsole answers on localhost: addresses written as a path, and the
// console for everything else.
func (g *Gateway) serveConsole(w http.ResponseWriter, r *http.Request, p *place) {
	switch {
	case !p.canonical:
		g.toConsole(w, r, p)
	case g.servePath(w, r, p):
	case g.o.Console == nil:
		g.refuse(w, r, http.StatusNotFound, fault.New(fault.NotFound, "this node has no console"))
	default:
		g.o.Console.ServeHTTP(w, r)
	}
}

// serveLoopback answers on 127.0.0.1 and [::1]: what localhost does with paths,
// and the way to the console, whose one origin is localhost.
func (g *Gateway) serveLoopback(w http.ResponseWriter, r *http.Request, p *place) {
	if !g.servePath(w, r, p) {
		g.toConsole(w, r, p)
	}
}

func (g *Gateway) toConsole(w http.ResponseWriter, r *http.Request, p *place) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		g.refuse(w, r, http.StatusMisdirectedRequest,
			fault.New(fault.Forbidden, "the console is at %s", p.console()).WithHint("send the request there"))
		return
	}
	g.isolate(w.Header())
	redirectTo(w, p.console()+requestURI(r))
}

// redirectTo sends the browser elsewhere, for this time.
func redirectTo(w http.ResponseWriter, location string) {
	h := w.Header()
	h["Location"] = []string{location}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusFound)
}

// servePath answers a path that is an address; false when it is none.
func (g *Gateway) servePath(w http.ResponseWriter, r *http.Request, p *place) bool {
	escaped := r.URL.EscapedPath()
	if strings.HasPrefix(escaped, "/ipfs/") || strings.HasPrefix(escaped, "/ipns/") {
		g.serveIPFSPath(w, r, p)
		return true
	}
	text, ok := addressPath(escaped, r.URL.RawQuery)
	if !ok {
		return false
	}
	if err := admit(r, p); err != nil {
		g.refuse(w, r, fault.Status(err), err)
		return true
	}
	a, err := address.Parse(text)
	if err == nil {
		err = g.sendToOrigin(w, r, p, a)
	}
	if err != nil {
		g.refuse(w, r, fault.Status(err), err)
	}
	return true
}

// addressPath reads a path that is an address: /wtp/<hash>/…, /<scheme>:…, or
// one that begins with a CID or an infohash. A name alone is not taken for an
// address: the console's own files are called like that.
func addressPath(escaped, query string) (text string, ok bool) {
	text = strings.TrimPrefix(escaped, "/")
	if rest, ok := strings.CutPrefix(text, "wtp/"); ok {
		return withQuery("wtp://"+rest, query), true
	}
	for _, scheme := range []string{"wtp:", "web+wtp:", "ipfs:", "ipns:", "dweb:"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			if scheme != "dweb:" {
				rest = "//" + strings.TrimLeft(rest, "/")
			}
			return withQuery(scheme+rest, query), true
		}
	}
	if strings.HasPrefix(text, "magnet:") {
		return withQuery(text, query), true
	}
	const shortestHash = 32
	first, _, _ := strings.Cut(text, "/")
	if len(first) < shortestHash || strings.Contains(first, ".") {
		return "", false
	}
	if _, err := address.Parse(first); err != nil {
		return "", false
	}
	return withQuery(text, query), true
}

// sendToOrigin redirects to the origin of a site, after it passed on the hints
// of the address, which the origin cannot carry.
func (g *Gateway) sendToOrigin(w http.ResponseWriter, r *http.Request, p *place, a address.Address) error {
	label, err := a.Label()
	if err != nil {
		return err
	}
	location, err := a.URL(p.base())
	if err != nil {
		return err
	}
	if u, err := url.Parse(location); err == nil && isNavigation(r) {
		// What goes wrong here goes wrong again, and is told, at the origin.
		_, _ = g.attempts.start(g, &place{address: a, label: label, port: p.port}, u)
	}
	g.isolate(w.Header())
	redirectTo(w, location)
	return nil
}

// serveIPFSPath answers /ipfs/… and /ipns/…. A browser is sent to the site's own
// origin: nothing that runs is served here, beside other sites. Scripts get what
// the path gateway specification says.
func (g *Gateway) serveIPFSPath(w http.ResponseWriter, r *http.Request, p *place) {
	if err := admit(r, p); err != nil {
		g.refuse(w, r, fault.Status(err), err)
		return
	}
	if isWorker(r) || isPart(r) {
		g.refuse(w, r, http.StatusForbidden,
			fault.New(fault.Forbidden, "a path of this origin cannot be a part of a page").
				WithHint("open the site at an origin of its own"))
		return
	}
	if navigates(r) {
		a, err := address.Parse(withQuery(r.URL.EscapedPath(), r.URL.RawQuery))
		if err == nil && g.sendToOrigin(w, r, p, a) == nil {
			return
		}
	}
	// For browsers too old to say that they navigate.
	w.Header()["Content-Security-Policy"] = []string{"sandbox"}
	g.serveIPFS(w, r)
}

// isPart reports whether a browser loads r as a part of a page: a script, a
// style, a fetch. On the console's origin nothing of a site may be one.
func isPart(r *http.Request) bool {
	mode := header(r, "Sec-Fetch-Mode")
	return mode != "" && mode != "navigate" && header(r, "Sec-Fetch-Site") != "none"
}

// navigates reports whether a browser says that it fills a window with r.
func navigates(r *http.Request) bool {
	return r.Method == http.MethodGet && header(r, "Sec-Fetch-Mode") == "navigate"
}

// serveSubdomain answers on <cid>.ipfs.localhost and <name>.ipns.localhost.
func (g *Gateway) serveSubdomain(w http.ResponseWriter, r *http.Request, p *place) {
	if err := admit(r, p); err != nil {
		g.refuse(w, r, fault.Status(err), err)
		return
	}
	if navigates(r) && p.label != "" {
		g.isolate(w.Header())
		redirectTo(w, p.origin()+requestURI(r))
		return
	}
	if p.label == "" {
		w.Header()["Content-Security-Policy"] = []string{"sandbox"}
	}
	g.serveIPFS(w, r)
}

func (g *Gateway) serveIPFS(w http.ResponseWriter, r *http.Request) {
	if g.o.IPFS == nil {
		g.refuse(w, r, http.StatusNotImplemented,
			fault.New(fault.Unsupported, "IPFS is switched off on this node").WithHint("switch it on in config.toml"))
		return
	}
	g.o.IPFS.ServeHTTP(w, r)
}

// refuseHost answers for a host that is none of ours. The status is 421 (RFC
// 9110 §15.5.20), or 400 for a host below localhost that is no site's.
func (g *Gateway) refuseHost(w http.ResponseWriter, r *http.Request, p *place) {
	status := http.StatusMisdirectedRequest
	if fault.KindOf(p.err) == fault.Invalid {
		status = http.StatusBadRequest
	}
	g.refuse(w, r, status, p.err)
}
