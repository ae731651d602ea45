package front

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxRobots is the most of robots.txt that is read (RFC 9309 §2.5).
const maxRobots = 500 << 10

// looking looks at what was asked for, what pages link to, and what is stale, one
// after the other, no faster than the rate allows.
func (f *Front) looking(ctx context.Context) error {
	limiter := rate.NewLimiter(rate.Limit(f.o.CrawlRate), 1)
	rules := f.begin(ctx)
	for {
		if err := limiter.Wait(ctx); err != nil {
			return ctx.Err()
		}
		path, ok := f.links.next()
		switch e := f.book.stale(f.now()); {
		case ok && f.book.get(path) == nil && rules.allow(path):
		case ok:
			continue
		case e != nil:
			path = e.Path
		default:
			if err := pause(ctx, time.Second/time.Duration(f.o.CrawlRate)); err != nil {
				return err
			}
			continue
		}
		if _, err := f.renew(ctx, path); err != nil && ctx.Err() == nil {
			f.o.Log.Debug("a file could not be looked at", "path", path, "error", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// begin reads robots.txt and says where to begin.
func (f *Front) begin(ctx context.Context) robots {
	ctx, cancel := context.WithTimeout(ctx, f.o.Patience)
	defer cancel()
	var rules robots
	if r, err := f.ask(ctx, "/robots.txt", nil); err == nil {
		if r.StatusCode == http.StatusOK {
			rules = readRobots(io.LimitReader(r.Body, maxRobots), agent)
		}
		_ = r.Body.Close()
	}
	if f.o.Crawl > 0 {
		f.found("/", "/", true)
		f.found("/", "/sitemap.xml", true)
		for _, s := range rules.sitemaps {
			f.found("/", s, true)
		}
	}
	return rules
}

// found notes that the page at base has a link. It is followed where it leads to
// something of the site that is asked for without a question.
func (f *Front) found(base, link string, follow bool) {
	if len(link) > maxPath {
		return
	}
	from, err := url.Parse(f.origin.String() + base)
	if err != nil {
		return
	}
	to, err := from.Parse(strings.TrimSpace(link))
	if err != nil || to.User != nil || !f.own(to) {
		return
	}
	path := to.RequestURI()
	if len(path) > maxPath || strings.HasPrefix(path, "/.kith/") || !strings.HasPrefix(path, "/") {
		return
	}
	f.book.link(path)
	if follow && f.o.Crawl > 0 {
		f.links.link(path)
	}
}

// own reports whether a URL is of the site, by the origin server's name or the
// public one.
func (f *Front) own(u *url.URL) bool {
	host := strings.ToLower(u.Host)
	return u.Scheme == f.origin.Scheme && host == f.origin.Host || u.Scheme+"://"+host == f.o.Site
}

// scanned says as what an answer is looked through for links; "" for not at all.
func scanned(path, contentType string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "text/html", kind == "text/css":
		return kind
	case strings.HasSuffix(kind, "/xml") && strings.Contains(path, "sitemap"):
		return "sitemap"
	}
	return ""
}

// follow notes the links of an answer to a request of our own.
func (f *Front) follow(path, kind string, r *http.Response, body []byte) {
	if location := r.Header.Get("Location"); location != "" && r.StatusCode >= 300 && r.StatusCode < 400 {
		f.found(path, location, true)
		return
	}
	var links []link
	switch {
	case kind == "text/html":
		links = htmlLinks(body)
	case kind == "text/css":
		links = cssLinks(string(body))
	case kind == "sitemap":
		links = sitemapLinks(string(body))
	}
	for _, l := range links {
		f.found(path, l.url, l.part || !strings.Contains(l.url, "?"))
	}
}
