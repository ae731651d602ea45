package gateway_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/gateway"
)

func TestEveryFileIsServed(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	files := enginetest.Tree()
	files["big"] = enginetest.Bytes(1, 300<<10)
	origin, _ := w.publish(files)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		got := w.get(origin + escape(name))
		want := string(files[name])
		if name == "index.html" {
			if got.status != 200 {
				t.Errorf("%s: status %d", name, got.status)
			}
		}
		if got.status != 200 || got.body != want || got.err != nil {
			t.Errorf("GET %s: status %d, %d bytes instead of %d, %v", escape(name), got.status, len(got.body), len(want), got.err)
		}
		head := w.do("HEAD", origin+escape(name))
		if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != got.header.Get("Content-Length") ||
			head.header.Get("Etag") != got.header.Get("Etag") {
			t.Errorf("HEAD %s: %d %v differs from GET %v", escape(name), head.status, head.header, got.header)
		}
	}
}

func TestHeadersOfAFile(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("<p>home"), "app.mjs": []byte("export {}"), "ünï": []byte("x")})
	for path, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/app.mjs": "text/javascript; charset=utf-8",
		"/%C3%BCn%C3%AF": "text/plain; charset=utf-8",
	} {
		got := w.get(origin + path)
		for name, want := range map[string]string{
			"Content-Type": want, "X-Content-Type-Options": "nosniff", "Origin-Agent-Cluster": "?1",
			"Cache-Control": "public, max-age=29030400, immutable", "Accept-Ranges": "bytes",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got.header.Get(name), want)
			}
		}
		if tag := got.header.Get("Etag"); !strings.HasPrefix(tag, `"`) || len(tag) < 10 {
			t.Errorf("%s: Etag %q", path, tag)
		}
		for _, name := range []string{"Access-Control-Allow-Origin", "Set-Cookie", "Last-Modified", "Content-Security-Policy"} {
			if got.header.Get(name) != "" {
				t.Errorf("%s: %s: %q", path, name, got.header.Get(name))
			}
		}
	}
}

func TestANamedSiteIsRevalidated(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	_, first := w.publish(map[string][]byte{"index.html": []byte("one"), "same": []byte("the same")})
	_, second := w.publish(map[string][]byte{"index.html": []byte("two"), "same": []byte("the same")})
	name := mustName(t, "my-site.example.org")
	w.sites.names[name.Key()] = first
	origin := w.origin(name)
	if !strings.Contains(origin, "//my--site-example-org.localhost") {
		t.Fatalf("the origin is %s", origin)
	}
	before, same := w.get(origin+"/"), w.get(origin+"/same")
	if before.header.Get("Cache-Control") != "public, max-age=0, must-revalidate" {
		t.Errorf("Cache-Control: %q", before.header.Get("Cache-Control"))
	}
	if got := w.get(origin+"/", "If-None-Match: "+before.header.Get("Etag")); got.status != 304 {
		t.Errorf("unchanged: status %d", got.status)
	}
	w.sites.mu.Lock()
	w.sites.names[name.Key()] = second
	w.sites.mu.Unlock()
	if got := w.get(origin+"/", "If-None-Match: "+before.header.Get("Etag")); got.status != 200 || got.body != "two" {
		t.Errorf("changed: status %d, %q", got.status, got.body)
	}
	if got := w.get(origin+"/same", "If-None-Match: "+same.header.Get("Etag")); got.status != 304 {
		t.Errorf("a file that is the same in the new version: status %d", got.status)
	}
}

func TestPathsLeadWhereTheyShould(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{
		"index.html": []byte("home"), "about.html": []byte("about"), "docs/index.html": []byte("docs"),
		"docs/deep/page.html": []byte("page"), "docs/404.html": []byte("no such doc"), "404.html": []byte("no such page"),
		"both/index.html": []byte("folder"), "both.html": []byte("file"), "list/a.txt": []byte("a"),
		"percent%2Fname": []byte("percent"), ".kith/progress": []byte("hidden"), `back\slash`: []byte("back"),
	})
	for _, c := range []struct {
		path     string
		status   int
		location string
		body     string
	}{
		{"/", 200, "", "home"},
		{"/about", 200, "", "about"},
		{"/about.html", 200, "", "about"},
		{"/docs", 301, "/docs/", ""},
		{"/docs?a=b&c=%20", 301, "/docs/?a=b&c=%20", ""},
		{"/docs/", 200, "", "docs"},
		{"/docs/deep/page", 200, "", "page"},
		{"/both", 301, "/both/", ""},
		{"/about.html/", 301, "/about.html", ""},
		{"/about.html/?q", 301, "/about.html?q", ""},
		{"/nothing", 404, "", "no such page"},
		{"/docs/nothing/at/all", 404, "", "no such doc"},
		{"/about/nothing", 404, "", "no such page"},
		{"//docs//deep", 301, "/docs/deep", ""},
		{"//evil.example/", 301, "/evil.example/", ""},
		{"/docs/..", 400, "", ""},
		{"/../../etc/passwd", 400, "", ""},
		{"/%2e%2e/%2e%2e/etc/passwd", 400, "", ""},
		{"/docs/./index.html", 400, "", ""},
		{"/docs%2Findex.html", 404, "", ""},
		{"/..%2findex.html", 404, "", ""},
		{"/%252e%252e/index.html", 404, "", "no such page"},
		{"/a%00b", 400, "", ""},
		{"/%ff", 400, "", ""},
		{"/back%5Cslash", 200, "", "back"},
		{"/..%5C..%5Cindex.html", 404, "", "no such page"},
		{"/percent%252Fname", 200, "", "percent"},
		{"/.kith/", 404, "", ""},
		{"/.kith/anything", 404, "", ""},
		{"/.kith", 404, "", ""},
	} {
		got := w.get(origin + c.path)
		if got.status != c.status || got.header.Get("Location") != c.location || (c.body != "" && got.body != c.body) {
			t.Errorf("%s: %d %q %q; want %d %q %q", c.path, got.status, got.header.Get("Location"), got.body, c.status, c.location, c.body)
		}
	}
	if got := w.get(origin + "/.kith/progress"); got.body == "hidden" || !strings.Contains(got.body, `"state":"ready"`) {
		t.Errorf("/.kith/progress is the site's: %q", got.body)
	}
}

func TestMethods(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"} {
		if got := w.do(method, origin+"/"); got.status != 405 || got.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, got.status, got.header.Get("Allow"))
		}
	}
	got := w.do("OPTIONS", origin+"/", "Origin: http://evil.example", "Access-Control-Request-Method: GET")
	if got.status != 204 || got.header.Get("Allow") == "" || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", got.status, got.header)
	}
	if got := w.do("HEAD", origin+"/nothing"); got.status != 404 || got.body != "" {
		t.Errorf("HEAD of nothing: %d %q", got.status, got.body)
	}
}

func TestErrorsAreReadable(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"a": []byte("a")})
	path := origin + "/%3Cscript%3Ealert(1)%3C/script%3E"
	html := w.get(path, navigation("none")...)
	if html.status != 404 || strings.Contains(html.body, "<script>alert") || !strings.Contains(html.body, "&lt;script&gt;") {
		t.Errorf("page: %d %s", html.status, html.body)
	}
	if html.header.Get("Content-Type") != "text/html; charset=utf-8" || html.header.Get("Cache-Control") != "no-store" ||
		html.header.Get("Etag") != "" || !strings.Contains(html.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("page: %v", html.header)
	}
	json := w.get(path, "Accept: application/json")
	if json.header.Get("Content-Type") != "application/json" || !strings.Contains(json.body, `"kind":"not_found"`) {
		t.Errorf("JSON: %v %s", json.header, json.body)
	}
	text := w.get(path)
	if !strings.HasPrefix(text.header.Get("Content-Type"), "text/plain") || !strings.Contains(text.body, "there is no") {
		t.Errorf("text: %v %s", text.header, text.body)
	}
}

func TestContentIsKnownByItsNameThenByItself(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	files := map[string]struct{ data, want string }{
		"a.js":                {"x", "text/javascript; charset=utf-8"},
		"a.MJS":               {"x", "text/javascript; charset=utf-8"},
		"a.wasm":              {"<html>", "application/wasm"},
		"a.webmanifest":       {"{}", "application/manifest+json"},
		"a.avif":              {"", "image/avif"},
		"a.webp":              {"", "image/webp"},
		"a.woff2":             {"", "font/woff2"},
		"a.md":                {"# a", "text/markdown; charset=utf-8"},
		"a.svg":               {"<svg/>", "image/svg+xml"},
		"a.json":              {"{}", "application/json"},
		"a.mp4":               {"", "video/mp4"},
		"a.vtt":               {"WEBVTT", "text/vtt; charset=utf-8"},
		"latin.html":          {"<meta charset=iso-8859-1>\xe9", "text/html"},
		"latin.txt":           {"caf\xe9 au lait", "text/plain"},
		"page":                {"<!doctype html><p>", "text/html; charset=utf-8"},
		"picture":             {"\x89PNG\x0d\x0a\x1a\x0a", "image/png"},
		"bytes":               {"\x00\x01\x02", "application/octet-stream"},
		"strange.zzz":         {"plain words", "text/plain; charset=utf-8"},
		"cut.txt":             {strings.Repeat("é", 600), "text/plain; charset=utf-8"},
		"cut2.txt":            {"x" + strings.Repeat("é", 600), "text/plain; charset=utf-8"},
		"big.txt":             {"x" + strings.Repeat("é", 30_000), "text/plain; charset=utf-8"},
		".htaccess":           {"Deny from all", "text/plain; charset=utf-8"},
		"_redirects_are_text": {"/a /b", "text/plain; charset=utf-8"},
	}
	content := map[string][]byte{}
	for name, f := range files {
		content[name] = []byte(f.data)
	}
	origin, _ := w.publish(content)
	for name, f := range files {
		if got := w.get(origin + "/" + name); got.header.Get("Content-Type") != f.want || got.body != f.data {
			t.Errorf("%s: %d %q, want %q", name, got.status, got.header.Get("Content-Type"), f.want)
		}
	}
}

func TestASiteRemovedMeanwhileIsGone(t *testing.T) {
	w := newWorld(t, gateway.Options{Patience: ms(100)})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("home")})
	if got := w.get(origin + "/"); got.status != 200 {
		t.Fatal(got)
	}
	if err := w.from.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.to.Remove(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if got := w.get(origin + "/"); got.status != http.StatusGatewayTimeout {
		t.Errorf("status %d %s", got.status, got.body)
	}
}
