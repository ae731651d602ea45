package front_test

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/front"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// TestWhatEnters is spec/front.md §5 and RFC 9111 §3, §4.2.
func TestWhatEnters(t *testing.T) {
	now := time.Unix(vectorNow, 0)
	in := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		h    http.Header
		want time.Duration // 0 for what does not enter
	}{
		{header(), front.DefaultLifetime},
		{header("Content-Type: text/css", "Cache-Control: public, max-age=600"), 10 * time.Minute},
		{header("Cache-Control: max-age=600, s-maxage=30"), 30 * time.Second},
		{header(`Cache-Control: MAX-AGE="600"`), 10 * time.Minute},
		{header("Cache-Control: max-age=600", "Age: 100"), 500 * time.Second},
		{header("Cache-Control: max-age=600", "Age: 1000"), front.DefaultMinFresh},
		{header("Cache-Control: max-age=31536000, immutable"), front.DefaultMaxFresh},
		{header("Cache-Control: max-age=1"), front.DefaultMinFresh},
		{header("Expires: " + in(time.Minute)), time.Minute},
		{header("Expires: "+in(time.Minute), "Date: "+in(-time.Minute)), 2 * time.Minute},
		{header("Vary: accept-encoding, Accept-Encoding"), front.DefaultLifetime},
		{header("Cache-Control: must-revalidate, max-age=60"), time.Minute},
		{header("Expires: 0"), 0},
		{header("Expires: " + in(0)), 0},
		{header("Cache-Control: max-age=0"), 0},
		{header("Cache-Control: max-age=-1"), 0},
		{header("Cache-Control: max-age=ten"), 0},
		{header("Cache-Control: max-age=60, max-age=0"), 0},
		{header("Cache-Control: no-cache"), 0},
		{header("Cache-Control: No-Store"), 0},
		{header("Cache-Control: public", "Cache-Control: private"), 0},
		{header(`Cache-Control: max-age=60, no-cache="set-cookie, x"`), 0},
		{header("Cache-Control: max-age=60, =, x"), 0},
		{header("Pragma: no-cache"), 0},
		{header("Set-Cookie: a=b"), 0},
		{header("Vary: *"), 0},
		{header("Vary: Accept-Encoding, Cookie"), 0},
		{header("Content-Encoding: gzip"), 0},
		{header("Content-Range: bytes 0-1/2"), 0},
		{header(`Clear-Site-Data: "cookies"`), 0},
		{header("Content-Type: text/css", "Content-Type: text/html"), 0},
		{header("Content-Type: " + strings.Repeat("a", 300)), 0},
	} {
		got, ok := front.Public(c.h, now)
		if ok != (c.want > 0) || got != c.want {
			t.Errorf("%v: fresh for %v (%v), want %v", c.h, got, ok, c.want)
		}
	}
}

func TestRobots(t *testing.T) {
	const text = `# a comment
User-agent: other
Disallow: /

User-Agent: *
Disallow: /private
Allow: /private/open
Disallow: /*.pdf$
Disallow:
Sitemap: /map.xml
`
	for path, want := range map[string]bool{
		"/": true, "/private": false, "/private/a": false, "/private/open/a": true, "/a.pdf": false, "/a.pdf?x": true,
	} {
		if got := front.Robots(text, "kith-front", path); got != want {
			t.Errorf("%s is allowed: %v", path, got)
		}
	}
	if front.Robots(text+"\nUser-agent: kith-front\nDisallow: /only", "kith-front", "/only") ||
		!front.Robots(text+"\nUser-agent: kith-front\nDisallow: /only", "kith-front", "/private") {
		t.Error("RFC 9309 §2.2.1: a group of one's own stands instead of the one for all")
	}
}

func TestLinks(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       []string
	}{
		{
			"html", `<a href=" /b?x=1&amp;y=2 "><link rel="stylesheet" href=a.css><link rel=canonical href=/no><img src=i srcset="j 1x, k 2x">
			<style>@import 'x.css'; b{background:url(p.png)}</style><p style="background:url('q.png')"><script>"<a href=no>"</script><!-- <a href=no> -->
			<video src=v poster=w></video><object data=o></object>`,
			[]string{"/b?x=1&y=2", "a.css", "i", "j", "k", "x.css", "p.png", "q.png", "v", "w", "o"},
		},
		{"css", `@import url("a.css"); @import 'b.css' screen; @font-face{src:url( c.woff2 ),url(data:x),url(#d)} url(`, []string{"a.css", "b.css", "c.woff2"}},
		{"sitemap", "<urlset><url><loc> https://my.site/a?b&amp;c </loc></url><url><loc>x", []string{"https://my.site/a?b&c"}},
	} {
		if got := front.Links(c.kind, c.body); !slices.Equal(got, c.want) {
			t.Errorf("%s has the links %q, want %q", c.kind, got, c.want)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add("html", "<a href=x><style>url(</style>")
	f.Add("css", "@import url('a'b)url(@import")
	f.Add("sitemap", "<loc><loc></loc>")
	f.Fuzz(func(t *testing.T, kind, body string) {
		for _, l := range front.Links(kind, body) {
			if l == "" && kind != "sitemap" {
				t.Errorf("%s %q has an empty link", kind, body)
			}
		}
		front.Robots(body, kind, body)
	})
}
