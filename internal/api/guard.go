package api

import (
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// guard decides which requests are the owner's.
type guard struct {
	hosts []string // values of Host that name this origin
	token string
}

func newGuard(port, token string) guard {
	g := guard{token: token}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		g.hosts = append(g.hosts, net.JoinHostPort(name, port))
	}
	if port == "80" {
		g.hosts = append(g.hosts, "localhost", "127.0.0.1", "[::1]")
	}
	return g
}

// host refuses names other than the origin's own: a page on a name that its
// owner points at 127.0.0.1 (DNS rebinding) is same-origin with us for the
// browser, but sends its own name.
func (g guard) host(r *http.Request) error {
	if slices.Contains(g.hosts, strings.ToLower(r.Host)) {
		return nil
	}
	return fault.New(fault.Forbidden, "this node does not answer for host %.100q", r.Host).
		WithHint("open %s", "http://"+g.hosts[0]+"/")
}

// origin refuses requests that another origin caused.
func (g guard) origin(r *http.Request) error {
	if o := r.Header.Get("Origin"); o != "" && !strings.EqualFold(o, "http://"+r.Host) {
		return fault.New(fault.Forbidden, "the API is not for pages of %.100q", o)
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "none", "same-origin":
		return nil
	default:
		return fault.New(fault.Forbidden, "the API is not for %.20s requests", site)
	}
}

// owner refuses requests without the token.
func (g guard) owner(r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") &&
		subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1 {
		return nil
	}
	return fault.New(fault.Unauthorized, "this request needs the token of this home")
}

// api admits what may use the API.
func (g guard) api(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, check := range []func(*http.Request) error{g.host, g.origin, g.owner} {
			if err := check(r); err != nil {
				fail(w, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// page admits what may load a document of the console's origin: a person's own
// navigation, never a frame, script or fetch of another page.
func (g guard) page(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.host(r); err != nil {
			fail(w, err)
			return
		}
		if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
			fail(w, fault.New(fault.Forbidden, "this page opens in a tab of its own, not as %.20q", dest))
			return
		}
		next.ServeHTTP(w, r)
	})
}
