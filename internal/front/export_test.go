package front

import (
	"net/http"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/engine"
)

// IndexOf is the index of a document.
func IndexOf(m Manifest, document []byte) engine.Index { return m.index(document) }

// Public is what decides about answers, with the default options.
func Public(h http.Header, now time.Time) (time.Duration, bool) {
	var o Options
	o.setDefaults()
	return o.public(h, now)
}

// Robots reports whether robots.txt lets agent look at path.
func Robots(text, agent, path string) bool {
	return readRobots(strings.NewReader(text), agent).allow(path)
}

// Links are the URLs found in a body of a kind.
func Links(kind, body string) (out []string) {
	var found []link
	switch kind {
	case "html":
		found = htmlLinks([]byte(body))
	case "css":
		found = cssLinks(body)
	case "sitemap":
		found = sitemapLinks(body)
	}
	for _, l := range found {
		out = append(out, l.url)
	}
	return out
}
