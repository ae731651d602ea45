package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// fixedHeaders are header values that every response shares, so that setting
// them costs no allocation. Nobody changes them.
type fixedHeaders struct {
	yes, nosniff, sameOrigin, popups, bytes, immutable, revalidate, noStore []string
	clear, clearStorage, allow                                              []string
}

func newFixedHeaders() fixedHeaders {
	one := func(s string) []string { return []string{s} }
	return fixedHeaders{
		yes: one("?1"), nosniff: one("nosniff"), sameOrigin: one("same-origin"),
		popups: one("same-origin-allow-popups"), bytes: one("bytes"),
		// 48 weeks, as the path gateway specification has it.
		immutable:  one("public, max-age=29030400, immutable"),
		revalidate: one("public, max-age=0, must-revalidate"),
		noStore:    one("no-store"), clear: one(`"*"`), clearStorage: one(`"storage"`), allow: one("GET, HEAD, OPTIONS"),
	}
}

// isolate sets what every response of a site's origin has: a process of its
// own, no guessing of types, no use by other origins, no handle on the window
// for whoever opened it.
func (g *Gateway) isolate(h http.Header) {
	h["Origin-Agent-Cluster"] = g.fixed.yes
	h["X-Content-Type-Options"] = g.fixed.nosniff
	h["Cross-Origin-Resource-Policy"] = g.fixed.sameOrigin
	h["Cross-Origin-Opener-Policy"] = g.fixed.popups
}

// apply sets what a site's policy asks for on every response of its origin.
func (g *Gateway) apply(h http.Header, p *place, policy Policy) {
	if !policy.App {
		return
	}
	csp, allowlist := appPolicy(p.console(), policy.Allow)
	h["Content-Security-Policy"] = append([]string{csp}, h["Content-Security-Policy"]...)
	h["Connection-Allowlist"] = []string{allowlist}
	h["Referrer-Policy"] = g.fixed.sameOrigin
}

// appPolicy is the Content-Security-Policy and the Connection-Allowlist that
// keep an app from talking to any server but the origins in allow. Frames and
// forms stay at home in any case: what leaves in a URL's path is not seen by
// whoever allowed a server.
func appPolicy(shell string, allow []string) (csp, allowlist string) {
	var sources, patterns strings.Builder
	for _, o := range allow {
		source, pattern, ok := allowedOrigin(o)
		if !ok {
			continue
		}
		sources.WriteString(" " + source)
		patterns.WriteString(` "` + pattern + `"`)
	}
	csp = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'" + sources.String() +
		"; connect-src 'self' data: blob:" + sources.String() +
		"; form-action 'self'; frame-src 'self'; base-uri 'self'; object-src 'none'" +
		"; frame-ancestors 'self' " + shell
	return csp, "(response-origin" + patterns.String() + ")"
}

// tag adds to the quoted tag of a response what its policy is: a page that a
// browser kept must not come back with what was allowed then.
func (x *exchange) tag(etag string) string {
	policy := x.policy()
	if !policy.App {
		return etag
	}
	sum := sha256.Sum256([]byte(strings.Join(policy.Allow, " ")))
	return strings.TrimSuffix(etag, `"`) + ".app" + hex.EncodeToString(sum[:4]) + `"`
}

// allowedOrigin reads one origin a person allowed, as a CSP source and as a
// Connection-Allowlist pattern, which writes ws as http. Anything that is not
// plainly an origin is left out: it must not become another directive.
func allowedOrigin(s string) (source, pattern string, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", "", false
	}
	if name, _, ok := splitHost(u.Host); !ok || strings.ContainsAny(name, ";,'*() ") {
		return "", "", false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http", "https":
		return u.Scheme + "://" + host, u.Scheme + "://" + host, true
	case "ws", "wss":
		return u.Scheme + "://" + host, "http" + strings.TrimPrefix(u.Scheme, "ws") + "://" + host, true
	}
	return "", "", false
}
