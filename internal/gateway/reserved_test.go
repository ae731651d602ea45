package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/kith-web/kith/internal/gateway"
)

func TestReservedPathsAreForTheirOwnOrigin(t *testing.T) {
	whose := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, ok := gateway.OriginOf(r.Context())
		_, _ = fmt.Fprintf(w, "%v %s %s %v", ok, o.Address, o.URL, o.App)
	})
	w := newWorld(t, gateway.Options{Reserved: map[string]http.Handler{"/.kith/mine": whose}})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("site"), ".kith/mine": []byte("the site's own")})
	for _, c := range []struct {
		what    string
		url     string
		headers []string
		status  int
		body    string
	}{
		{"a page of the site", origin + "/.kith/mine", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"}, 200, fmt.Sprintf("true %s %s false", a, origin)},
		{"another site", origin + "/.kith/mine", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: websocket"}, 403, ""},
		{"a sibling on localhost", origin + "/.kith/mine", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"}, 403, ""},
		{"a path below it", origin + "/.kith/mine/x", []string{"Sec-Fetch-Site: same-origin"}, 404, ""},
		{"the console's origin", "http://localhost" + w.port + "/.kith/mine", nil, 404, ""},
	} {
		got := w.get(c.url, c.headers...)
		if got.status != c.status || c.body != "" && got.body != c.body {
			t.Errorf("%s: %d %q, want %d %q", c.what, got.status, got.body, c.status, c.body)
		}
	}
	if got := w.do("POST", origin+"/.kith/mine"); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.status)
	}
	w.sites.set(a, gateway.Policy{App: true})
	got := w.get(origin+"/.kith/mine", "Sec-Fetch-Site: same-origin")
	if got.body != fmt.Sprintf("true %s %s true", a, origin) || got.header.Get("Content-Security-Policy") == "" {
		t.Errorf("an app: %q with %v", got.body, got.header)
	}
}

func TestEverythingElseBelowTheReservedFolderIsForApps(t *testing.T) {
	apps := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, ok := gateway.OriginOf(r.Context())
		_, _ = fmt.Fprintf(w, "%s %s %v %s %v", r.Method, r.URL.EscapedPath(), ok, o.Label, o.App)
	})
	mine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "mine") })
	w := newWorld(t, gateway.Options{Reserved: map[string]http.Handler{"/.kith/mine": mine}, Apps: apps})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("site")})
	label, err := a.Label()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		header       string
		status       int
		body         string
	}{
		{"GET", "/.kith/", "Sec-Fetch-Site: same-origin", 200, "GET /.kith/ true " + label + " false"},
		{"PUT", "/.kith/data/a//b%2Fc", "Sec-Fetch-Site: same-origin", 200, "PUT /.kith/data/a//b%2Fc true " + label + " false"},
		{"DELETE", "/.kith", "Sec-Fetch-Site: same-origin", 200, "DELETE /.kith true " + label + " false"},
		{"GET", "/.kith/mine", "Sec-Fetch-Site: same-origin", 200, "mine"},
		{"POST", "/.kith/mine", "Sec-Fetch-Site: same-origin", 405, ""},
		{"POST", "/.kithx", "Sec-Fetch-Site: same-origin", 405, ""},
		{"PUT", "/.kith/data/x", "Sec-Fetch-Site: cross-site", 403, ""},
		{"POST", "/.kith/data/", "Sec-Fetch-Site: same-site", 403, ""},
	} {
		got := w.do(c.method, origin+c.path, c.header)
		if got.status != c.status || c.body != "" && got.body != c.body {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, got.status, got.body, c.status, c.body)
		}
	}
	w.sites.set(a, gateway.Policy{App: true})
	got := w.do("PUT", origin+"/.kith/data/x", "Sec-Fetch-Site: same-origin")
	if got.body != "PUT /.kith/data/x true "+label+" true" || got.header.Get("Connection-Allowlist") == "" {
		t.Errorf("an app: %q with %v", got.body, got.header)
	}
}
