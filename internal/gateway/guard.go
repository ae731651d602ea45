package gateway

import (
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// header returns a header's first value; key must be canonical.
func header(r *http.Request, key string) string {
	if v := r.Header[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// isForeign reports whether another origin made the browser send r (W3C Fetch
// Metadata §2.3). Programs that are no browser send no such header.
func isForeign(r *http.Request) bool {
	switch header(r, "Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// isNavigation reports whether a person is to see the answer to r as a page.
func isNavigation(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	if mode := header(r, "Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(header(r, "Accept"), "text/html")
}

// isTopLevel reports whether r fills a tab of its own.
func isTopLevel(r *http.Request) bool { return header(r, "Sec-Fetch-Dest") == "document" }

// isPrefetch reports whether nobody has asked to see the answer yet.
func isPrefetch(r *http.Request) bool {
	return strings.Contains(header(r, "Sec-Purpose"), "prefetch") || header(r, "Purpose") == "prefetch"
}

// admit refuses what another origin may not do with a site: everything but a
// top-level navigation that the person sees. Otherwise any page could embed or
// fetch the origins of sites and learn, from what answers and how fast, which
// of them a person has, or make the node fetch and serve what nobody asked for.
//
// The shell's frame is the one exception, told by its Referer; whether the site
// is an app is seen later. The answer is the same whatever the node knows of the site.
func admit(r *http.Request, p *place) error {
	if !isForeign(r) {
		return nil
	}
	if isNavigation(r) && !isPrefetch(r) {
		if isTopLevel(r) || header(r, "Sec-Fetch-Dest") == "iframe" && isFromShell(r, p) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "a page of another origin may not use %q", p.name).
		WithHint("open the site in a tab of its own")
}

// isFromShell reports whether the page that sent r is on the shell's origin. The
// shell's frame says so (referrerpolicy="origin"), and no page can say it of
// itself that is not there.
func isFromShell(r *http.Request, p *place) bool {
	return strings.HasPrefix(header(r, "Referer"), p.console()+"/")
}

// isFramed reports whether an app is asked for by the shell's frame, or by one
// of its own. A browser too old to say what it fills is taken at its Referer.
func (x *exchange) isFramed() bool {
	if dest := header(x.r, "Sec-Fetch-Dest"); dest != "" {
		return dest != "document"
	}
	return isFromShell(x.r, x.p) || strings.HasPrefix(header(x.r, "Referer"), x.p.origin()+"/")
}

// isShown reports whether a browser asks for the page where it shows the site
// now: an app in a frame, a site in a tab. What it stored is kept in that place.
func (x *exchange) isShown() bool {
	return len(x.r.Header["Sec-Fetch-Mode"]) > 0 && isNavigation(x.r) && isTopLevel(x.r) != x.policy().App
}
