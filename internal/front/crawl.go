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

	"github.com/kith-web/kith/internal/fault"
)

// maxRobots is the most of robots.txt that is read (RFC 9309 §2.5).
const maxRobots = 500 << 10

// longestPause is the most that is waited for a website that does not answer.
const longestPause = 30 * time.Second

// looking looks at what was asked for, what pages link to, and what is stale, one
// after the other, no faster than the rate allows.
func (f *Front) looking(ctx context.Context) error {
	limiter := rate.NewLimiter(rate.Limit(f.o.CrawlRate), 1)
	rules, err := f.begin(ctx)
	wait := time.Second
	for err == nil {
		if err := limiter.Wait(ctx); err != nil {
			return ctx.Err()
		}
		p, ok := f.links.next()
		switch e := f.book.stale(f.now()); {
		case ok && (f.book.get(p.path) != nil || !p.asked && !rules.allow(p.path)):
			continue
		case ok:
		case e != nil:
			p.path = e.Path
		default:
			err = pause(ctx, time.Second/time.Duration(f.o.CrawlRate))
			continue
		}
		_, failed := f.renew(ctx, p.path)
		switch {
		case failed == nil:
			wait = time.Second
		case fault.KindOf(failed) != fault.Unreachable:
			f.o.Log.Debug("a file could not be looked at", "path", p.path, "error", failed)
		default:
			if ok {
				f.links.back(p)
			}
			err = pause(ctx, wait)
			wait = min(2*wait, longestPause)
		}
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// begin reads robots.txt, once the website answers, and says where to begin.
func (f *Front) begin(ctx context.Context) (rules robots, err error) {
	for wait := time.Second; ; wait = min(2*wait, longestPause) {
		if rules, err = f.robots(ctx); err == nil {
			break
		}
		f.o.Log.Warn("the website does not answer yet", "origin", f.origin.String(), "error", err)
		if err := pause(ctx, wait); err != nil {
			return rules, err
		}
	}
	if f.o.Crawl > 0 {
		f.found("/", "/", true)
		f.found("/", "/sitemap.xml", true)
		for _, s := range rules.sitemaps {
			f.found("/", s, true)
		}
	}
	return rules, nil
}

// robots asks for robots.txt. A server that fails to say is looked through no
// further (RFC 9309 §2.3.1.4).
func (f *Front) robots(ctx context.Context) (robots, error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.Patience)
	defer cancel()
	r, err := f.ask(ctx, "/robots.txt", nil)
	if err != nil {
		return robots{}, err
	}
	defer func() { _ = r.Body.Close() }()
	switch {
	case r.StatusCode == http.StatusOK:
		return readRobots(io.LimitReader(r.Body, maxRobots), agent), nil
	case r.StatusCode >= 500:
		return robots{rules: []rule{{pattern: "/"}}}, nil
	}
	return robots{}, nil
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
