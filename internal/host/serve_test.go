package host_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/relay/guard"
)

var page = []byte("<!doctype html><title>T</title><h1>Hi</h1><img src=1.png><img src=2.png>")

func files() map[string][]byte {
	return map[string][]byte{
		"index.html": page, "a.css": []byte("h1{}"), "big.bin": bytes.Repeat([]byte("0123456789abcdef"), 40<<10),
		"404.html": []byte("<title>own</title>not here"), "dir/x.txt": []byte("x"), "_redirects": []byte("/old /a.css 301\n"),
	}
}

func TestPageGetsTheLoaderAndScriptsTheBytes(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("blog", files())
	url := "http://blog." + domain + "/"
	nav := w.get(url, navigation()...)
	if nav.status != 200 || !strings.Contains(nav.body, `<script src="/.kith/loader.js" async>`) || !strings.Contains(nav.body, "data-kith-src=2.png") {
		t.Fatalf("a navigation got %d %q", nav.status, nav.body)
	}
	if v := nav.header.Values("Vary"); !strings.Contains(strings.Join(v, ","), "Sec-Fetch-Dest") {
		t.Errorf("Vary is %q", v)
	}
	for _, name := range []string{"Last-Modified", "Accept-Ranges", "Set-Cookie", "Cross-Origin-Resource-Policy"} {
		if v := nav.header.Get(name); v != "" {
			t.Errorf("a changed page has %s: %s", name, v)
		}
	}
	for name, headers := range map[string][]string{
		"curl": nil, "fetch": {"Sec-Fetch-Dest: empty"}, "bot": {"Accept: text/html", "User-Agent: bot"},
		"a picture": {"Sec-Fetch-Dest: image"}, "a worker": {"Sec-Fetch-Dest: serviceworker", "Service-Worker: script"},
	} {
		if got := w.get(url, headers...); got.status != 200 || got.body != string(page) {
			t.Errorf("%s got %d %q", name, got.status, got.body)
		}
	}
	part := w.get(url, append(navigation(), "Range: bytes=0-9")...)
	if part.status != http.StatusPartialContent || part.body != string(page[:10]) {
		t.Errorf("a range got %d %q", part.status, part.body)
	}
}

func TestOnlyPagesVaryByWhatTheyAreFor(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("blog", files())
	url := "http://blog." + domain
	for path, varies := range map[string]bool{"/": true, "/nothing": true, "/a.css": false, "/big.bin": false} {
		for _, headers := range [][]string{navigation(), {"Sec-Fetch-Dest: image"}, nil} {
			v := w.get(url+path, headers...).header.Values("Vary")
			if got := strings.Contains(strings.Join(v, ","), "Sec-Fetch-Dest"); got != varies {
				t.Errorf("%s for %v: Vary is %q", path, headers, v)
			}
		}
	}
}

func TestEntityTagsOfChangedPages(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	url := "http://" + domain + "/"
	changed, plain := w.get(url, navigation()...).header.Get("Etag"), w.get(url).header.Get("Etag")
	if changed == plain || changed == "" || plain == "" {
		t.Fatalf("tags %q and %q", changed, plain)
	}
	for _, c := range []struct {
		headers []string
		want    int
	}{
		{append(navigation(), "If-None-Match: "+changed), http.StatusNotModified},
		{append(navigation(), "If-None-Match: "+plain), http.StatusOK},
		{append(navigation(), "If-None-Match: \"x\", "+changed), http.StatusNotModified},
		{append(navigation(), "If-Modified-Since: "+time.Now().UTC().Format(http.TimeFormat)), http.StatusOK},
		{[]string{"If-None-Match: " + plain}, http.StatusNotModified},
		{[]string{"If-None-Match: " + changed}, http.StatusOK},
	} {
		got := w.get(url, c.headers...)
		if got.status != c.want {
			t.Errorf("%v: %d, want %d", c.headers[len(c.headers)-1], got.status, c.want)
		}
		if got.status == http.StatusNotModified && len(c.headers) > 1 && got.header.Get("Etag") != changed {
			t.Errorf("a 304 for a page has the tag %q, not %q", got.header.Get("Etag"), changed)
		}
	}
}

func TestPlainHostChangesNothing(t *testing.T) {
	w := newWorld(t, host.Options{Plain: true})
	w.show("@", files())
	if got := w.get("http://"+domain+"/", navigation()...); got.body != string(page) {
		t.Errorf("a plain host sent %q", got.body)
	}
}

func TestImmutableUnderItsOwnLabelAlone(t *testing.T) {
	w := newWorld(t, host.Options{})
	a := w.show("blog", files())
	for name, want := range map[string]string{
		"blog." + domain: "must-revalidate", domain: "must-revalidate", labelOf(t, a) + "." + domain: "immutable",
	} {
		if got := w.get("http://" + name + "/a.css"); got.status != 200 || !strings.Contains(got.header.Get("Cache-Control"), want) {
			t.Errorf("%s: %d %q, want %s", name, got.status, got.header.Get("Cache-Control"), want)
		}
	}
}

func TestErrorsAreForVisitors(t *testing.T) {
	w := newWorld(t, host.Options{Patience: 300 * time.Millisecond})
	a := w.publish(map[string][]byte{"index.html": page})
	other := w.publish(files())
	check(t, w.host.Serve([]host.Site{{Address: a, Name: "a"}, {Address: other, Name: "b"}}))
	got := w.get("http://a."+domain+"/nope", navigation()...)
	if got.status != 404 || !strings.Contains(got.body, "There is nothing here") || strings.Contains(got.body, "node") {
		t.Errorf("a missing page: %d %q", got.status, got.body)
	}
	if got := w.get("http://a." + domain + "/nope"); got.status != 404 || strings.Contains(got.body, "<") {
		t.Errorf("a missing file, to a script: %d %q", got.status, got.body)
	}
	got = w.get("http://b."+domain+"/nope", navigation()...)
	if got.status != 404 || !strings.Contains(got.body, "not here") || !strings.Contains(got.body, "loader.js") {
		t.Errorf("the site's own page for what is missing: %d %q", got.status, got.body)
	}
	if got := w.get("http://b." + domain + "/old"); got.status != 301 || got.header.Get("Location") != "/a.css" {
		t.Errorf("a rule of the site: %d %q", got.status, got.header.Get("Location"))
	}
	w.network.Hold()
	got = w.get("http://a."+domain+"/", navigation()...)
	if got.status != http.StatusGatewayTimeout || !strings.Contains(got.body, "Nobody has delivered this yet") {
		t.Errorf("no peer: %d %q", got.status, got.body)
	}
	if strings.Contains(got.body, "<script") {
		t.Error("the loader is in a page of the host's own")
	}
}

func TestOnlyGivenSitesAreServed(t *testing.T) {
	w := newWorld(t, host.Options{})
	a := w.show("blog", files())
	secret := w.publish(map[string][]byte{"index.html": []byte("secret")})
	label, hidden := labelOf(t, a), labelOf(t, secret)
	for name, want := range map[string]int{
		"blog." + domain: 200, label + "." + domain: 200, domain: 200, // the only one
		strings.ToUpper(label) + "." + strings.ToUpper(domain): 200,
		hidden + "." + domain: 404, "x.blog." + domain: 404, "nope." + domain: 404,
		label + ".localhost": 421, "localhost": 400, "127.0.0.1": 400, "[::1]": 400, "evil.example": 421, domain + ".evil.example": 421,
		"blog." + domain + ".": 400, "blog." + domain + ":99999999": 400, "blog." + domain + ":x": 400, "a_b." + domain: 400,
		"xn--" + domain: 421, hidden + ".localhost": 421, "console.localhost": 421,
	} {
		got := w.get("http://any/", "Host: "+name)
		if got.status != want {
			t.Errorf("%s: %d, want %d", name, got.status, want)
		}
		if strings.Contains(got.body, "secret") {
			t.Errorf("%s gave what is not served", name)
		}
	}
}

func TestPathsDoNotClimb(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	for _, path := range []string{
		"/../etc/passwd", "/..%2f..%2fetc/passwd", "/dir/..%5c..%5cx", "/.kith/../index.html", "/.kith/seed/x/../../etc/passwd",
		"/.kith/seed/x/..%2f..%2fetc%2fpasswd", "/.kith/progress", "/%2ekith/progress", "/.kith/", "/.kith", "/.kith/lp2p.js",
		"/.kith/piece/x/-1", "/.kith/piece/x/1e3", "/.kith/index/", "/.kith/loader.js/x", "/.kith/loader.html",
	} {
		got := w.get("http://" + domain + path)
		if got.status != 404 && got.status != 400 {
			t.Errorf("%s: %d %.60q", path, got.status, got.body)
		}
	}
}

func TestMethods(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "PROPFIND", "TRACE"} {
		if got := w.do(method, "http://"+domain+"/"); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, got.status, got.header.Get("Allow"))
		}
	}
	if got := w.do("OPTIONS", "http://"+domain+"/.kith/piece/x/0"); got.status != http.StatusNoContent || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS: %d", got.status)
	}
	if got := w.do("HEAD", "http://"+domain+"/big.bin"); got.status != 200 || got.body != "" || got.header.Get("Content-Length") != strconv.Itoa(640<<10) {
		t.Errorf("HEAD: %d %v", got.status, got.header)
	}
}

func TestDomainsOfOthersLeadToServedSites(t *testing.T) {
	w := newWorld(t, host.Options{Lookups: guard.Limit{PerSecond: 0.001, Burst: 4}})
	a := w.show("blog", files())
	other := w.publish(map[string][]byte{"index.html": []byte("secret")})
	w.names.lead("mine.example.org", a)
	w.names.lead("theirs.example.org", other)
	for name, want := range map[string]int{"mine.example.org": 200, "theirs.example.org": 421, "nobody.example.org": 421} {
		if got := w.get("http://any/a.css", "Host: "+name); got.status != want {
			t.Errorf("%s: %d, want %d", name, got.status, want)
		}
		err := w.host.Serves(t.Context(), name)
		if (err == nil) != (want == 200) {
			t.Errorf("a certificate for %s: %v", name, err)
		}
	}
	asked := w.names.asked
	for i := range 20 {
		got := w.get("http://any/", "Host: flood"+strconv.Itoa(i)+".example.org")
		if got.status != 421 && got.status != http.StatusTooManyRequests {
			t.Errorf("an unknown name: %d", got.status)
		}
	}
	if w.names.asked > asked+4 {
		t.Errorf("a flood of names was looked up %d times", w.names.asked-asked)
	}
	if got := w.get("http://any/a.css", "Host: mine.example.org"); got.status != 200 {
		t.Errorf("a known name suffers from a flood: %d", got.status)
	}
	if err := w.host.Serves(t.Context(), "nope."+domain); err == nil {
		t.Error("a certificate for any label below the domain")
	}
}

func TestANameIsFollowed(t *testing.T) {
	w := newWorld(t, host.Options{})
	first, second := w.publish(map[string][]byte{"index.html": []byte("one")}), w.publish(map[string][]byte{"index.html": []byte("two")})
	name, err := address.FromName("my.example.org")
	check(t, err)
	w.names.lead("my.example.org", first)
	check(t, w.host.Serve([]host.Site{{Address: name}}))
	for host, want := range map[string]int{"my.example.org": 200, "my-example-org." + domain: 200, labelOf(t, first) + "." + domain: 404} {
		if got := w.get("http://any/", "Host: "+host); got.status != want {
			t.Errorf("%s: %d, want %d", host, got.status, want)
		}
	}
	one := w.info("my.example.org")
	if one.ID != labelOf(t, first) || one.Label != "my-example-org" {
		t.Errorf("the first version is %+v", one)
	}
	w.names.lead("my.example.org", second)
	check(t, w.manager.Remove(t.Context(), name))
	two := w.info("my.example.org")
	if two.ID != labelOf(t, second) {
		t.Fatalf("the second version is %+v", two)
	}
	// Visitors of the first still get its pieces; of others nobody does.
	if got := w.get("http://any"+one.Piece+"0", "Host: my.example.org"); got.status != 200 || got.body != "one" {
		t.Errorf("a piece of an earlier version: %d %q", got.status, got.body)
	}
	third := w.publish(map[string][]byte{"index.html": []byte("three")})
	if got := w.get("http://any/.kith/index/"+labelOf(t, third), "Host: my.example.org"); got.status != 404 {
		t.Errorf("the index of another site: %d", got.status)
	}
}

func TestTwoSitesCannotBeAtOnePlace(t *testing.T) {
	w := newWorld(t, host.Options{})
	a, b := w.publish(map[string][]byte{"a": {1}}), w.publish(map[string][]byte{"b": {1}})
	if err := w.host.Serve([]host.Site{{Address: a, Name: "x"}, {Address: b, Name: "x"}}); err == nil {
		t.Error("two sites have one name")
	}
	if err := w.host.Serve([]host.Site{{Address: a, Name: "x"}, {Address: a, Name: "y"}}); err != nil {
		t.Errorf("one site under two names: %v", err)
	}
	for _, name := range []string{"x", "y"} {
		if names := w.host.NamesOf(host.Site{Address: a, Name: name}); names[0] != name+"."+domain {
			t.Errorf("%s is at %s", name, names)
		}
	}
	if got := w.get("http://" + domain + "/"); got.status != 404 {
		t.Errorf("the domain itself, of two sites: %d", got.status)
	}
	if err := w.host.Serve([]host.Site{{Address: a, Name: "x.y"}}); err == nil {
		t.Error("a name has a dot")
	}
	for _, d := range []string{"", "localhost", "127.0.0.1", "a..b", "-a.org", "exa mple.org", "https://example.org"} {
		if _, err := host.New(host.Options{Domain: d, Sites: hostSites{w.manager}, Gateway: http.NotFoundHandler()}); err == nil {
			t.Errorf("%q is taken for a domain", d)
		}
	}
}
