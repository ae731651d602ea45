package gateway

import (
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzRules: no file of rules breaks the parser, and what a rule makes of a
// path stays on this origin unless the rule itself names another.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{
		"/a /b", "/a/* /b/:splat 302", "/:x/:y /:y/:x?q=:x 200", "# c\n\n/a https://b.example/:splat 301", "/* //x 302", "/a /b 301!",
		"/%2f /%2f", "/a* /\\evil", "/:: /:::", "/a /b#c 302",
	} {
		f.Add(seed, "a/b")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		rules, err := parseRules(text)
		if err != nil || !fs.ValidPath(name) {
			return
		}
		r, values := rules.first(name)
		if r == nil {
			return
		}
		location := relative(r.expand(values, escapeSegments))
		if strings.HasPrefix(r.to, "/") && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") ||
			strings.HasPrefix(location, `/\`)) {
			t.Errorf("rule %q sends %q to %q", r.to, name, location)
		}
		if strings.ContainsAny(location, "\r\n") {
			t.Errorf("a line break in %q", location)
		}
		site := tree{fsys: fstest.MapFS{}, rules: func(fs.FS) (*ruleFile, error) { return rules, nil }}
		if out, err := site.find(request{name: name}, &url.URL{Path: "/" + name}); err == nil {
			out.close()
		}
	})
}

// FuzzRanges: what is parsed lies inside the file.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=0-1,3-4 , -1", "bytes=9-1", "items=1", "bytes=,", "bytes=1-+2"} {
		f.Add(seed, int64(100))
	}
	f.Fuzz(func(t *testing.T, text string, size int64) {
		if size < 0 {
			return
		}
		spans, err := wanted(text, size, 32)
		if err != nil {
			return
		}
		var total int64
		for _, s := range spans {
			if s.start < 0 || s.length < 1 || s.start+s.length > size {
				t.Errorf("%q of %d bytes: %+v", text, size, s)
			}
			total += s.length
		}
		if total > size || len(spans) > 32 {
			t.Errorf("%q of %d bytes: %d bytes in %d ranges", text, size, total, len(spans))
		}
	})
}

// FuzzHost: only names below localhost and configured ones are ours, and a
// site's place has an origin that names the same place.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{
		"localhost", "localhost:5484", "example-com.localhost:5484", "[::1]:80", "127.0.0.1", "a.example.com", "LOCALHOST.", "x:y:z",
		"bafkqaaa.ipfs.localhost", "[::1", "]", "wtp-" + strings.Repeat("a", 40) + ".localhost", "evil.example", "localhost\x00", "é.localhost",
	} {
		f.Add(seed)
	}
	public := []string{"example.com"}
	f.Fuzz(func(t *testing.T, host string) {
		p := readPlace(host, public)
		name := strings.TrimSuffix(strings.ToLower(strings.TrimSuffix(host, p.port)), ".")
		switch p.kind {
		case placeStray:
			if p.err == nil {
				t.Errorf("%q is refused without a reason", host)
			}
		case placeConsole:
			if name != "localhost" {
				t.Errorf("%q is taken for the console", host)
			}
		case placeLoopback:
			if !strings.HasPrefix(name, "127.") && !strings.HasPrefix(name, "[") {
				t.Errorf("%q is taken for loopback", host)
			}
		case placePublic:
			if name != "example.com" && !strings.HasSuffix(name, ".example.com") {
				t.Errorf("%q is taken for a public host", host)
			}
		case placeSite, placeSubdomain:
			if !strings.HasSuffix(name, ".localhost") {
				t.Errorf("%q is taken for a site", host)
			}
			if p.label == "" {
				return
			}
			again := readPlace(strings.TrimPrefix(p.origin(), "http://"), public)
			if again.kind != placeSite || again.label != p.label || !again.canonical {
				t.Errorf("%q has the origin %q, which is %+v", host, p.origin(), again)
			}
		}
	})
}

// FuzzPath: a path becomes a valid name, or an error, or a cleaner path that
// stays on this origin.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "//a", "/..", "/%2e%2e/", "/a%2fb", "/a%00", "/%5c..%5c", "/a//b/", "*", "/%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.ParseRequestURI(text)
		if err != nil {
			return
		}
		req, err := readPath(u)
		switch {
		case err != nil:
		case req.clean != "":
			if !strings.HasPrefix(req.clean, "/") || strings.HasPrefix(req.clean, "//") || strings.HasPrefix(req.clean, `/\`) {
				t.Errorf("%q leads to %q", text, req.clean)
			}
		case !fs.ValidPath(req.name):
			t.Errorf("%q became %q", text, req.name)
		}
	})
}

// FuzzConditions: no list of entity tags breaks the parser, and "*" alone
// matches what has no tag.
func FuzzConditions(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a"`, `"a", "b"`, "*", `"`, `W/`, `,,"a"`, `"a" x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if (validators{etag: ""}).matches(list, weakMatch) && !strings.Contains(list, "*") {
			t.Errorf("%q matches no tag", list)
		}
	})
}
