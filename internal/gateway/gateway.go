package gateway

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// Defaults of Options.
const (
	DefaultGrace        = 400 * time.Millisecond
	DefaultPatience     = time.Minute
	DefaultPagePatience = 2 * time.Minute
	DefaultStall        = 2 * time.Minute
	DefaultListPage     = 1000
	DefaultMaxList      = 1 << 17
	DefaultMaxWaiting   = 256
	DefaultSiteWaiting  = 32
	DefaultMaxRanges    = 32
	DefaultMaxRedirects = 64 << 10
)

// Options of a Gateway. Sites is required.
type Options struct {
	// Sites opens sites.
	Sites Sites
	// IPFS serves the forms of the IPFS gateway specifications; nil refuses
	// them.
	IPFS http.Handler
	// Nearby serves the origins of devices nearby; nil: there are none.
	Nearby http.Handler
	// Console serves what is left on the host localhost; nil answers 404.
	Console http.Handler
	// Hosts are public host names that IPFS serves, with every name below them:
	// subdomain gateways and DNSLink sites of a node that faces the web.
	Hosts []string
	// Reserved serve paths below /.kith/ on every site's own origin, by their
	// whole path; OriginOf tells them whose. They are asked by the site's own pages
	// alone (Fetch Metadata) and with GET or HEAD.
	Reserved map[string]http.Handler
	// Apps serves every other path below /.kith/, with every method (OriginOf tells
	// whose); nil: there is nothing.
	Apps http.Handler
	// Log gets what goes wrong while a response is on its way, at debug level;
	// nil discards it.
	Log *slog.Logger

	// Grace is how long a navigation waits before a page with progress is
	// shown; Patience how long anything else waits before 504; PagePatience how
	// long a site is looked for behind the page. Stall is how long a response
	// that has begun waits for its next bytes from peers; a client may take its
	// time.
	Grace        time.Duration
	Patience     time.Duration
	PagePatience time.Duration
	Stall        time.Duration
	// MaxWaiting is how many pages may show progress at once, MaxSiteWaiting how
	// many of one site. Others wait as scripts do.
	MaxWaiting     int
	MaxSiteWaiting int
	// ListPage is how many names one page of a listing has, MaxList how many a
	// folder may have that is listed at all.
	ListPage int
	MaxList  int
	// MaxRanges is how many ranges one request may ask for; with more it gets
	// the whole file, as RFC 9110 §14.2 allows.
	MaxRanges int
	// MaxRedirects is how large a _redirects file may be.
	MaxRedirects int
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.Grace, DefaultGrace)
	setDefault(&o.Patience, DefaultPatience)
	setDefault(&o.PagePatience, DefaultPagePatience)
	setDefault(&o.Stall, DefaultStall)
	setDefault(&o.MaxWaiting, DefaultMaxWaiting)
	setDefault(&o.MaxSiteWaiting, DefaultSiteWaiting)
	setDefault(&o.ListPage, DefaultListPage)
	setDefault(&o.MaxList, DefaultMaxList)
	setDefault(&o.MaxRanges, DefaultMaxRanges)
	setDefault(&o.MaxRedirects, DefaultMaxRedirects)
}

func setDefault[T int | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}

// Gateway is the http.Handler of everything the node listens for.
type Gateway struct {
	o        Options
	hosts    hostCache
	rules    rulesCache
	attempts attempts
	buffers  sync.Pool // of *[]byte, smallFile long
	fixed    fixedHeaders
	pages    *pages
	texts    *text.Catalogue
}

var _ http.Handler = (*Gateway)(nil)

// New returns a Gateway.
func New(o Options) (*Gateway, error) {
	if o.Sites == nil {
		return nil, fault.New(fault.Internal, "gateway: sites are needed")
	}
	o.setDefaults()
	hosts := make([]string, 0, len(o.Hosts))
	for _, h := range o.Hosts {
		name, _, ok := splitHost(h)
		if !ok || name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") {
			return nil, fault.New(fault.Invalid, "%q is no public host name", h).
				WithHint("names below localhost are served anyway")
		}
		hosts = append(hosts, name)
	}
	drawn, err := newPages()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		o: o, pages: drawn, texts: text.New(), hosts: hostCache{public: hosts, places: map[string]*place{}},
		rules: rulesCache{known: map[string]*ruleFile{}}, attempts: newAttempts(o.MaxWaiting), fixed: newFixedHeaders(),
	}
	g.buffers.New = func() any { b := make([]byte, smallFile); return &b }
	return g, nil
}

// Close ends what still waits for sites. Requests are the server's to end.
func (g *Gateway) Close() error {
	g.attempts.close()
	return nil
}

// ServeHTTP decides by the Host header alone whom a request is for.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch p := g.hosts.place(r.Host); p.kind {
	case placeSite:
		g.serveSite(w, r, p)
	case placeSubdomain:
		g.serveSubdomain(w, r, p)
	case placeConsole:
		g.serveConsole(w, r, p)
	case placeLoopback:
		g.serveLoopback(w, r, p)
	case placePublic:
		g.serveIPFS(w, r)
	default:
		g.refuseHost(w, r, p)
	}
}
