package gateway_test

import (
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/gateway"
)

// ruled publishes a site with rules and a few pages.
func ruled(t *testing.T, rules string) (*world, string) {
	t.Helper()
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{
		"_redirects": []byte(rules), "index.html": []byte("home"), "app.html": []byte("app"), "there": []byte("there"),
		"pages/gone.html": []byte("it is gone"), "pages/404.html": []byte("not here"), "blog/post.txt": []byte("post"),
		"blog/index.html": []byte("blog"), "ünï": []byte("uni"), "404.html": []byte("nearest"),
	})
	return w, origin
}

// TestRedirectsFile follows the IPFS web redirects file specification; names of
// cases are its sections.
func TestRedirectsFile(t *testing.T) {
	w, origin := ruled(t, `
# a comment, and empty lines around it

/301 /there
/302 /there 302
/303 /there 303
/307 /there 307
/308 /there 308
/200 /there 200
/four /pages/404.html 404
/410 /pages/gone.html 410
/451 /pages/gone.html 451
/none410 /pages/nothing.html 410
/none200 /nothing.html 200
/there /app.html 301
/index.html /app.html 302
/posts/:year/:month/:slug /blog/:slug-:year-:month 301
/p/:id /blog/post.txt?id=:id 302
/splat/* /new/:splat 302
/rewrite/* /blog/:splat 200
/folder /blog 200
/out/:what https://example.org:8443/:what?from=:what#top 302
/ipfs ipfs://bafkqaaa/x 302
/first /a 302
/first /b 302
/slash/ /there 302
/en-:lang /x 302
/query /there?a=b 302
/enc%20oded /there 302
/ä /ünï 200
/long/:a/:ab /:ab/:a 302
/scheme/* /:splat 302
/loop /loop 301
/ping /pong 301
/pong /ping 301
/hop1 /hop2 302
/hop2 /there 302
`)
	for _, c := range []struct {
		path     string
		status   int
		location string
		body     string
	}{
		{"/301", 301, "/there", ""},
		{"/302", 302, "/there", ""},
		{"/303", 303, "/there", ""},
		{"/307", 307, "/there", ""},
		{"/308", 308, "/there", ""},
		{"/200", 200, "", "there"},
		{"/four", 404, "", "not here"},
		{"/410", 410, "", "it is gone"},
		{"/451", 451, "", "it is gone"},
		{"/none410", 410, "", ""},
		{"/none200", 404, "", ""},
		{"/there", 200, "", "there"},     // what exists is not redirected
		{"/index.html", 200, "", "home"}, // (no forced rules)
		{"/posts/2026/11/hello", 301, "/blog/hello-2026-11", ""},
		{"/posts/2026/11/a%20b%2Bc", 301, "/blog/a%20b+c-2026-11", ""},
		{"/posts/2026/11", 404, "", "nearest"},
		{"/posts/2026/11/a/b", 404, "", "nearest"},
		{"/p/a&b=c", 302, "/blog/post.txt?id=a%26b%3Dc", ""},
		{"/splat/a/b", 302, "/new/a/b", ""},
		{"/splat/", 302, "/new/", ""},
		{"/splat", 302, "/new/", ""},
		{"/splatter", 404, "", "nearest"},
		{"/rewrite/post.txt", 200, "", "post"},
		{"/rewrite/nothing", 404, "", ""},
		{"/folder", 200, "", "blog"},
		{"/out/x", 302, "https://example.org:8443/x?from=x#top", ""},
		{"/out/x?y=z", 302, "https://example.org:8443/x?from=x&y=z#top", ""},
		{"/ipfs", 302, "http://k2k4r8jl0yz8qjgqbmc2cdu5hkqek5rj6flgnlkyywynci20j0iuyfuj.localhost", "skip"},
		{"/first", 302, "/a", ""},
		{"/slash", 302, "/there", ""},
		{"/slash/", 302, "/there", ""},
		{"/en-de", 404, "", "nearest"}, // a placeholder is a whole segment
		{"/query?c=d", 302, "/there?a=b&c=d", ""},
		{"/301?x=1&y=%20", 301, "/there?x=1&y=%20", ""},
		{"/enc%20oded", 302, "/there", ""},
		{"/%C3%A4", 200, "", "uni"},
		{"/long/1/2", 302, "/2/1", ""},
		{"/scheme/%5Cevil.example", 302, "/%5Cevil.example", ""},
		{"/loop", 502, "", ""},
		{"/ping", 502, "", ""},
		{"/pong", 502, "", ""},
		{"/hop1", 302, "/hop2", ""},
		{"/other", 404, "", "nearest"},
	} {
		got := w.get(origin + c.path)
		if c.body == "skip" {
			if got.status != c.status || !strings.HasPrefix(got.header.Get("Location"), "http://") ||
				!strings.Contains(got.header.Get("Location"), ".localhost"+w.port+"/x") {
				t.Errorf("%s: %d %q", c.path, got.status, got.header.Get("Location"))
			}
			continue
		}
		if got.status != c.status || got.header.Get("Location") != c.location || (c.body != "" && got.body != c.body) {
			t.Errorf("%s: %d %q %q; want %d %q %q",
				c.path, got.status, got.header.Get("Location"), got.body, c.status, c.location, c.body)
		}
	}
}

func TestASinglePageAppNeedsOneRule(t *testing.T) {
	w, origin := ruled(t, "/* /app.html 200")
	for path, want := range map[string]string{"/": "home", "/a": "app", "/a/b/c": "app", "/there": "there", "/x.js": "app"} {
		if got := w.get(origin + path); got.status != 200 || got.body != want {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
	// What a rule serves has the type and the conditions of its file.
	got := w.get(origin + "/x.js")
	if got.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("type %q", got.header.Get("Content-Type"))
	}
	if again := w.get(origin+"/y.js", "If-None-Match: "+got.header.Get("Etag")); again.status != 304 {
		t.Errorf("again: %d", again.status)
	}
}

func TestABadRulesFileIsSaid(t *testing.T) {
	for rules, why := range map[string]string{
		"/a":                       "from to",
		"/a /b 301 x":              "from to",
		"a /b":                     "slash",
		"/a b":                     "neither a path nor a URL",
		"/a javascript:alert(1)":   "neither a path nor a URL",
		"/a https:nothing":         "neither a path nor a URL",
		"/a /b 999":                "not supported",
		"/a /b 301!":               "forced",
		"/a /b x":                  "not supported",
		"/a*b /c":                  "asterisk",
		"/a?x=1 /b":                "query",
		"/%zz /b":                  "not a path",
		"/a https://b.example 200": "not on this site",
		"/a https://b.example 404": "not on this site",
		"/ok /b\n/bad":             "line 2",
		strings.Repeat("# comment that fills the file\n", 3000): "larger than",
	} {
		w, origin := ruled(t, rules)
		got := w.get(origin + "/missing")
		if got.status < 400 || got.status == 404 || !strings.Contains(got.body, why) {
			t.Errorf("%.40q: %d %q; want %q", rules, got.status, got.body, why)
		}
		if got := w.get(origin + "/there"); got.status != 200 {
			t.Errorf("%.40q: what is there is not served: %d", rules, got.status)
		}
	}
}

func TestARuleNeverLeavesTheOriginByItself(t *testing.T) {
	w, origin := ruled(t, "/to/* /:splat\n/two //evil.example/x 302\n")
	for path, want := range map[string]string{
		"/two": "/evil.example/x", "/to/evil.example": "/evil.example", "/to/%09/evil.example": "/%09/evil.example",
	} {
		if got := w.get(origin + path); got.header.Get("Location") != want {
			t.Errorf("%s: %d %q, want %q", path, got.status, got.header.Get("Location"), want)
		}
	}
}

// TestSitesInFoldersOfOneContentHaveRulesOfTheirOwn: names may point at
// different folders of the same address.
func TestSitesInFoldersOfOneContentHaveRulesOfTheirOwn(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	_, a := w.publish(map[string][]byte{"one/_redirects": []byte("/x /one 302"), "two/_redirects": []byte("/x /two 302")})
	for _, folder := range []string{"one", "two"} {
		name, target := mustName(t, folder+".example.org"), a
		target.Path = "/" + folder
		w.sites.names[name.Key()] = target
		if got := w.get(w.origin(name) + "/x"); got.header.Get("Location") != "/"+folder {
			t.Errorf("%s: %d %q", folder, got.status, got.header.Get("Location"))
		}
	}
}
