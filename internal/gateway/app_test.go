package gateway_test

import (
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/gateway"
)

func TestAnAppIsKeptInOnEveryResponse(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(5), Patience: ms(50)})
	origin, a := w.publish(map[string][]byte{
		"index.html": []byte("app"), "big.mp4": make([]byte, 100_000), "list/a": []byte("a"), "_redirects": []byte("/old /new\n/gone /x 410\n/out https://evil.example/:splat\n/side ipfs://bafkqaaa/\n"),
		"sw.js": []byte("x"),
	})
	shell := "http://localhost" + w.port
	w.sites.set(a, gateway.Policy{App: true})
	policy := "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' data: blob:; form-action 'self'; " +
		"frame-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'self' " + shell
	check := func(what string, got answer, status int) {
		t.Helper()
		if got.status != status {
			t.Errorf("%s: status %d, want %d", what, got.status, status)
		}
		if csp := got.header["Content-Security-Policy"]; len(csp) == 0 || csp[0] != policy {
			t.Errorf("%s: Content-Security-Policy %q", what, csp)
		}
		if got.header.Get("Connection-Allowlist") != "(response-origin)" {
			t.Errorf("%s: Connection-Allowlist %q", what, got.header.Get("Connection-Allowlist"))
		}
		if got.header.Get("Origin-Agent-Cluster") != "?1" {
			t.Errorf("%s: no Origin-Agent-Cluster", what)
		}
	}
	inShell := frame("cross-site", shell+"/")
	w.network.Hold()
	check("progress page", w.get(origin+"/", inShell...), 202)
	check("progress", w.get(origin+"/.kith/progress"), 200)
	check("time-out", w.get(origin+"/"), 504)
	w.network.Release()
	w.awaitSite(origin+"/", "app", inShell...)
	etag := w.get(origin + "/").header.Get("Etag")
	check("page", w.get(origin+"/", inShell...), 200)
	check("frame that does not say whose it is", w.get(origin+"/", frame("cross-site", "")...), 403)
	check("own frame", w.get(origin+"/", frame("same-origin", origin+"/")...), 200)
	check("worker", w.get(origin+"/sw.js", "Service-Worker: script"), 200)
	check("HEAD", w.do("HEAD", origin+"/"), 200)
	check("OPTIONS", w.do("OPTIONS", origin+"/"), 204)
	check("POST", w.do("POST", origin+"/"), 405)
	check("missing", w.get(origin+"/missing"), 404)
	check("missing page", w.get(origin+"/missing", inShell...), 404)
	check("range", w.get(origin+"/big.mp4", "Range: bytes=1-2"), 206)
	check("ranges", w.get(origin+"/big.mp4", "Range: bytes=1-2,4-5"), 206)
	check("bad range", w.get(origin+"/big.mp4", "Range: bytes=900000-"), 416)
	check("not modified", w.get(origin+"/", "If-None-Match: "+etag), 304)
	check("precondition", w.get(origin+"/", `If-Match: "x"`), 412)
	check("listing", w.get(origin+"/list/", inShell...), 200)
	check("JSON listing", w.get(origin+"/list/?format=json"), 200)
	check("folder", w.get(origin+"/list"), 301)
	check("rule", w.get(origin+"/old"), 301)
	check("rule that leads out", w.get(origin+"/out"), 403)
	check("rule that leads to another site", w.get(origin+"/side"), 403)
	check("rule of status", w.get(origin+"/gone"), 410)
	check("bad path", w.get(origin+"/%00"), 400)
	check("foreign", w.get(origin+"/", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"), 403)
	check("reserved", w.get(origin+"/.kith/x"), 404)
	check("top level", w.get(origin+"/", navigation("none")...), 303)
}

func TestAnAppIsShownInTheShellOnly(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("app")})
	shell := "http://localhost" + w.port
	label, _ := a.Label()
	w.sites.set(a, gateway.Policy{App: true})
	got := w.get(origin+"/a%20b?c=d", navigation("cross-site")...)
	if got.status != 303 || got.header.Get("Location") != shell+"/app/"+label+"/a%20b?c=d" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("top level: %d %v", got.status, got.header)
	}
	if got := w.get(origin+"//evil.example/", navigation("none")...); got.header.Get("Location") != shell+"/app/"+label+"/evil.example/" {
		t.Errorf("slashes: %q", got.header.Get("Location"))
	}
	w.sites.set(a, gateway.Policy{})
	if got := w.get(origin+"/", frame("cross-site", shell+"/")...); got.status != 403 {
		t.Errorf("a site that is no app, in the shell's frame: %d", got.status)
	}
	if got := w.get(origin+"/", navigation("none")...); got.status != 200 || got.header.Get("Content-Security-Policy") != "" {
		t.Errorf("a site that is no app: %d %v", got.status, got.header)
	}
}

func TestWhatAPersonAllowsIsAdded(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("app")})
	w.sites.set(a, gateway.Policy{App: true, Allow: []string{
		"https://API.example.org", "wss://live.example.org:8443", "http://127.0.0.1:9/",
		"https://evil.example; script-src *", "https://evil.example/path", "javascript:alert(1)", "https://*", "data:", "*",
		`https://evil".example`, "https://user@evil.example", "https://evil.example?x", "",
	}})
	got := w.get(origin + "/")
	csp, list := got.header.Get("Content-Security-Policy"), got.header.Get("Connection-Allowlist")
	sources := " https://api.example.org wss://live.example.org:8443 http://127.0.0.1:9"
	if !strings.Contains(csp, "connect-src 'self' data: blob:"+sources+";") ||
		!strings.Contains(csp, "'unsafe-eval'"+sources+";") || !strings.Contains(csp, "frame-src 'self';") {
		t.Errorf("Content-Security-Policy: %s", csp)
	}
	if list != `(response-origin "https://api.example.org" "https://live.example.org:8443" "http://127.0.0.1:9")` {
		t.Errorf("Connection-Allowlist: %s", list)
	}
}

func TestStorageIsClearedOnceForABrowser(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("home")})
	w.sites.mu.Lock()
	w.sites.clear = true
	w.sites.mu.Unlock()
	if got := w.get(origin + "/"); got.header.Get("Clear-Site-Data") != "" {
		t.Error("a script was told to clear the browser's storage")
	}
	// What is not the page itself may be of another place than the page.
	part := []string{"Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image", "Sec-Fetch-Site: same-origin"}
	for _, headers := range [][]string{part, frame("same-origin", origin+"/")} {
		if got := w.get(origin+"/", headers...); got.header.Get("Clear-Site-Data") != "" {
			t.Errorf("%v cleared the storage of another place", headers)
		}
	}
	if got := w.get(origin+"/", navigation("none")...); got.header.Get("Clear-Site-Data") != `"*"` {
		t.Errorf("the browser was not told: %v", got.header)
	}
	if got := w.get(origin+"/", navigation("none")...); got.header.Get("Clear-Site-Data") != "" {
		t.Error("the browser was told twice")
	}

	// What an app stores is in its frame: there it is cleared, once, and in a tab
	// nothing is ever left.
	w.sites.set(a, gateway.Policy{App: true})
	w.sites.mu.Lock()
	w.sites.clear = true
	w.sites.mu.Unlock()
	for range 2 {
		if got := w.get(origin+"/", navigation("none")...); got.status != 303 || got.header.Get("Clear-Site-Data") != `"storage"` {
			t.Errorf("on the way to the shell: %d %v", got.status, got.header)
		}
	}
	inShell := frame("cross-site", "http://localhost"+w.port+"/")
	if got := w.get(origin+"/", inShell...); got.header.Get("Clear-Site-Data") != `"*"` {
		t.Errorf("the app was not cleared: %v", got.header)
	}
	if got := w.get(origin+"/", inShell...); got.header.Get("Clear-Site-Data") != "" {
		t.Error("the app was cleared twice")
	}
}

// TestAnAppHasNoServiceWorker: a worker could answer with pages that have no
// policy, so whatever script is asked for as one ends itself.
func TestAnAppHasNoServiceWorker(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("app"), "sw.js": []byte("onfetch = escape")})
	worker := []string{"Service-Worker: script", "Sec-Fetch-Dest: serviceworker", "Sec-Fetch-Mode: same-origin", "Sec-Fetch-Site: same-origin"}
	if got := w.get(origin+"/sw.js", worker...); got.body != "onfetch = escape" || strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("a site's worker: %q %v", got.body, got.header)
	}
	w.sites.set(a, gateway.Policy{App: true})
	for _, path := range []string{"/sw.js", "/missing.js"} {
		got := w.get(origin+path, append(worker, "If-None-Match: *")...)
		if got.status != 200 || !strings.Contains(got.body, "unregister()") || strings.Contains(got.body, "fetch") ||
			!strings.HasPrefix(got.header.Get("Content-Type"), "text/javascript") || got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("an app's worker at %s: %d %q %v", path, got.status, got.body, got.header)
		}
	}
}

// TestWhatABrowserKeptHasNoOlderPolicy: a page in the browser's cache carries
// the policy of its time.
func TestWhatABrowserKeptHasNoOlderPolicy(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("app"), "list/x": []byte("x")})
	for _, path := range []string{"/", "/list/"} {
		seen := map[string]bool{}
		for _, p := range []gateway.Policy{{}, {App: true}, {App: true, Allow: []string{"https://a.example"}}} {
			w.sites.set(a, p)
			got := w.get(origin + path)
			etag := got.header.Get("Etag")
			if seen[etag] {
				t.Errorf("%s with %+v has a tag that another policy had", path, p)
			}
			seen[etag] = true
			if p.App && strings.Contains(got.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s of an app is kept without asking again", path)
			}
			if again := w.get(origin+path, "If-None-Match: "+etag); again.status != 304 {
				t.Errorf("%s with %+v: its own tag %s gives %d", path, p, etag, again.status)
			}
		}
	}
}

// TestABrowserWithoutFetchMetadataIsTakenAtItsReferer: without it, an app would
// run in a tab, where nothing stops it from navigating away.
func TestABrowserWithoutFetchMetadataIsTakenAtItsReferer(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"index.html": []byte("app")})
	w.sites.set(a, gateway.Policy{App: true})
	for referer, want := range map[string]int{
		"": 303, "http://evil.example/": 303, "http://localhost" + w.port + "/": 200, origin + "/other": 200,
	} {
		headers := []string{"Accept: text/html,*/*;q=0.8"}
		if referer != "" {
			headers = append(headers, "Referer: "+referer)
		}
		if got := w.get(origin+"/", headers...); got.status != want {
			t.Errorf("from %q: %d, want %d", referer, got.status, want)
		}
	}
}
