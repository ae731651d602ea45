package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/gateway"
)

// marked is a handler that says which one it is.
func marked(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", name, r.Host, r.URL.Path)
	})
}

func newFullWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, gateway.Options{
		IPFS: marked("ipfs"), Console: marked("console"), Hosts: []string{"example.com", "Sites.Example.ORG"},
	})
}

func TestHostsDecide(t *testing.T) {
	w := newFullWorld(t)
	origin, a := w.publish(map[string][]byte{"index.html": []byte("home")})
	host := strings.TrimPrefix(origin, "http://")
	label, _, _ := strings.Cut(host, ".")
	at := "http://localhost" + w.port
	for _, c := range []struct {
		host   string
		status int
		body   string // a part of it
	}{
		{host, 200, "home"},
		{strings.ToUpper(label) + ".LocalHost" + w.port, 200, "home"},
		{label + ".localhost", 200, "home"},
		{label + ".localhost.", 301, ""},
		{label + ".localhost:80", 200, "home"},
		{label + ".localhost:99999", 400, ""},
		{label + ".localhost:x", 400, ""},
		{a.CID().String() + ".localhost" + w.port, 301, ""},
		{a.CID().String() + ".ipfs.localhost" + w.port, 200, "ipfs"},
		{"en-wikipedia--on--ipfs-org.ipns.localhost", 200, "ipfs"},
		{"localhost" + w.port, 200, "console"},
		{"LOCALHOST" + w.port, 200, "console"},
		{"localhost", 200, "console"},
		{"localhost." + w.port, 302, ""},
		{"127.0.0.1" + w.port, 302, ""},
		{"[::1]" + w.port, 302, ""},
		{"[::1]", 302, ""},
		{"example.com", 200, "ipfs"},
		{"en.sites.example.org", 200, "ipfs"},
		{"notexample.com", 421, "none of its hosts"},
		{"evil.example", 421, "none of its hosts"},
		{"localhost.evil.example", 421, ""},
		{label + ".localhost.evil.example", 421, ""},
		{"192.168.1.1", 421, ""},
		{"0.0.0.0", 421, ""},
		{"[::]", 421, ""},
		{"[fe80::1]" + w.port, 421, ""},
		{"2130706433", 421, ""},
		{"127.0.0.1.evil.example", 421, ""},
		{"xlocalhost", 421, ""},
		{"nothing.localhost", 400, "CID"},
		{"a.b.localhost", 400, ""},
		{"ipfs.localhost", 400, ""},
		{".localhost", 400, ""},
		{"..localhost", 400, ""},
		{"-.localhost", 400, ""},
		{"wtp-xyz.localhost", 0, ""},
	} {
		got := w.get(at+"/", "Host: "+c.host)
		if c.status != 0 && got.status != c.status || !strings.Contains(got.body, c.body) {
			t.Errorf("Host %q: %d %.80q; want %d %q", c.host, got.status, got.body, c.status, c.body)
		}
		if to := got.header.Get("Location"); to != "" && !strings.HasPrefix(to, "http://"+label+".localhost") &&
			!strings.HasPrefix(to, "http://localhost") {
			t.Errorf("Host %q is sent to %q", c.host, to)
		}
	}
}

// TestRebindingGetsNothing sends what a page of another name sends after its
// name was pointed at loopback.
func TestRebindingGetsNothing(t *testing.T) {
	w := newFullWorld(t)
	for _, path := range []string{"/", "/api/v1/sites", "/ipfs/bafkqaaa", "/wtp/" + strings.Repeat("a", 40) + "/"} {
		got := w.get("http://localhost"+w.port+path, "Host: evil.example"+w.port, "Origin: http://evil.example")
		if got.status != 421 || got.header.Get("Location") != "" || strings.HasPrefix(got.body, "console ") {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
}

func TestPathAddressesLeadToOrigins(t *testing.T) {
	w := newFullWorld(t)
	_, a := w.publish(map[string][]byte{"index.html": []byte("home")})
	own, hash := w.origin(a), strings.Repeat("ab", 20)
	torrent := "http://wtp-" + hash + ".localhost" + w.port
	at := "http://localhost" + w.port
	for path, want := range map[string]string{
		"/wtp/" + hash + "/a%20b?c=d":       torrent + "/a%20b?c=d",
		"/wtp/" + hash:                      torrent + "/",
		"/wtp://" + hash + "/x":             torrent + "/x",
		"/web+wtp:" + hash:                  torrent + "/",
		"/" + hash + "/x":                   torrent + "/x",
		"/magnet:?xt=urn:btih:" + hash:      torrent + "/",
		"/ipfs://" + a.CID().String():       own + "/",
		"/ipfs:/" + a.CID().String() + "/x": own + "/x",
		"/" + a.CID().String():              own + "/",
		"/wtp/example.com/x":                "http://example-com.localhost" + w.port + "/x",
		"/ipns://example.com/x":             "http://example-com.localhost" + w.port + "/x",
	} {
		got := w.get(at + path)
		if got.status != 302 || got.header.Get("Location") != want {
			t.Errorf("%s: %d %q; want %q", path, got.status, got.header.Get("Location"), want)
		}
	}
	for _, path := range []string{"/", "/assets/console.js", "/app/example-com/", "/example.com/", "/api/v1/status"} {
		if got := w.get(at + path); got.status != 200 || !strings.HasPrefix(got.body, "console") {
			t.Errorf("%s is not the console's: %d %q", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/wtp/", "/wtp/not%20a%20name", "/magnet:?xt=urn:btih:zz"} {
		if got := w.get(at + path); got.status != 400 {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
}

func TestHintsOfAMagnetLinkReachTheSites(t *testing.T) {
	w := newFullWorld(t)
	w.get("http://localhost"+w.port+"/magnet:?xt=urn:btih:"+strings.Repeat("ab", 20)+"&x.pe=192.0.2.1:6881", navigation("none")...)
	if err := w.gateway.Close(); err != nil { // waits for what was begun
		t.Fatal(err)
	}
	if got := w.sites.hints.Peers; len(got) != 1 || got[0] != "192.0.2.1:6881" {
		t.Errorf("peers: %q", got)
	}
}

// TestIPFSForms: scripts are answered by the handler of the specifications,
// browsers are sent to the site's own origin.
func TestIPFSForms(t *testing.T) {
	w := newFullWorld(t)
	_, a := w.publish(map[string][]byte{"index.html": []byte("home")})
	c, own := a.CID().String(), w.origin(a)
	for _, url := range []string{
		"http://localhost" + w.port + "/ipfs/" + c + "/x?y=z", "http://127.0.0.1" + w.port + "/ipfs/" + c + "/x?y=z",
		"http://" + c + ".ipfs.localhost" + w.port + "/x?y=z",
	} {
		if got := w.get(url); got.status != 200 || !strings.HasPrefix(got.body, "ipfs ") {
			t.Errorf("a script at %s: %d %q", url, got.status, got.body)
		}
		if got := w.get(url, "Accept: text/html"); got.status != 200 {
			t.Errorf("a script that takes HTML at %s: %d", url, got.status)
		}
		got := w.get(url, navigation("none")...)
		if to := got.header.Get("Location"); got.status != 302 || to != own+"/x?y=z" {
			t.Errorf("a browser at %s: %d %q, want %q", url, got.status, to, own+"/x?y=z")
		}
		for _, headers := range [][]string{
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"},
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"},
		} {
			if got := w.get(url, headers...); got.status != 403 {
				t.Errorf("another page's %v at %s: %d", headers, url, got.status)
			}
		}
	}
	part := []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"}
	if got := w.get("http://localhost"+w.port+"/ipfs/"+c+"/x.js", part...); got.status != 403 {
		t.Errorf("the console could run a site's script: %d", got.status)
	}
	if got := w.get("http://127.0.0.1"+w.port+"/ipfs/"+c+"/sw.js", "Service-Worker: script"); got.status != 403 {
		t.Errorf("a service worker on a path: %d", got.status)
	}
	if got := w.get("http://127.0.0.1" + w.port + "/ipfs/" + c); got.header.Get("Content-Security-Policy") != "sandbox" {
		t.Errorf("a path may run scripts: %v", got.header)
	}
	if got := w.get("http://localhost"+w.port+"/ipns/example.com/", navigation("none")...); got.header.Get("Location") !=
		"http://example-com.localhost"+w.port+"/" {
		t.Errorf("a name: %d %q", got.status, got.header.Get("Location"))
	}
}

func TestPublicHostsAreOpenToAll(t *testing.T) {
	w := newFullWorld(t)
	got := w.get("http://localhost"+w.port+"/x", "Host: bafkqaaa.ipfs.example.com", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors")
	if got.status != 200 || !strings.HasPrefix(got.body, "ipfs ") {
		t.Errorf("%d %q", got.status, got.body)
	}
}

func TestWithoutHandlersTheFormsAreRefused(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	if got := w.get("http://localhost" + w.port + "/ipfs/bafkqaaa"); got.status != 501 {
		t.Errorf("no IPFS: %d", got.status)
	}
	if got := w.get("http://localhost" + w.port + "/"); got.status != 404 {
		t.Errorf("no console: %d", got.status)
	}
	if _, err := gateway.New(gateway.Options{}); err == nil {
		t.Error("a gateway without sites was made")
	}
	for _, host := range []string{"localhost", "x.localhost", "a b", ""} {
		if _, err := gateway.New(gateway.Options{Sites: w.sites, Hosts: []string{host}}); err == nil {
			t.Errorf("%q was taken for a public host", host)
		}
	}
}

// TestOtherOriginsLearnNothing: everything but a person's own navigation is
// refused the same way whether the site is here or not.
func TestOtherOriginsLearnNothing(t *testing.T) {
	w := newFullWorld(t)
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home"), "a.png": []byte("x")})
	absent := w.origin(address.FromInfoHash([20]byte{1}))
	shell := "http://localhost" + w.port
	if got := w.get(origin + "/"); got.status != 200 {
		t.Fatal("the site is not here")
	}
	before := w.sites.openedTimes()
	for _, headers := range [][]string{
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"},
		{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: websocket"},
		frame("cross-site", "http://evil.example/"),
		frame("cross-site", "http://localhost.evil.example/"),
		frame("cross-site", shell+".evil.example/"),
		frame("cross-site", origin+"/"),
		frame("cross-site", shell),
		frame("cross-site", ""),
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: object"},
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: embed"},
		append(navigation("cross-site"), "Sec-Purpose: prefetch;prerender"),
	} {
		here, there := w.get(origin+"/a.png", headers...), w.get(absent+"/a.png", headers...)
		if here.status != 403 || there.status != 403 {
			t.Errorf("%v: %d for a site that is here, %d for one that is not", headers, here.status, there.status)
		}
	}
	if after := w.sites.openedTimes(); after != before {
		t.Errorf("another page made the node open sites %d times", after-before)
	}
	for _, site := range []string{"none", "cross-site", "same-origin"} {
		if got := w.get(origin+"/", navigation(site)...); got.status != 200 {
			t.Errorf("a person's navigation from %s: %d", site, got.status)
		}
	}
	own := []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}
	if got := w.get(origin+"/a.png", own...); got.status != 200 {
		t.Errorf("the site's own picture: %d", got.status)
	}
}
