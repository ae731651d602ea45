package front

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	DefaultCacheSize = 256 << 20
	DefaultMaxFile   = 256 << 20
	DefaultMaxFiles  = 10_000
	DefaultCrawl     = 2_000
	DefaultCrawlRate = 8
	DefaultEvery     = 10 * time.Second
	DefaultExpiry    = 14 * 24 * time.Hour
	DefaultLifetime  = 5 * time.Minute
	DefaultMinFresh  = 5 * time.Second
	DefaultMaxFresh  = time.Hour
	DefaultPatience  = 30 * time.Second
	DefaultKeep      = 4
)

// Bucket is where a Front keeps its key, its manifest and what it knows of the
// files; a store.Bucket is one. Get answers fs.ErrNotExist for what is not there.
type Bucket interface {
	Get(key string) ([]byte, error)
	Apply(puts map[string][]byte, deletes []string) error
}

// Options of a Front. Those without a default named beside them are required.
type Options struct {
	// Origin is the website to stand before, "https://my.site".
	Origin string
	// Site is the origin under which visitors see it, "https://www.my.site".
	Site string
	// Store keeps the key; Dir is the folder of the cache of pieces.
	Store Bucket
	Dir   string
	// TLS is used for an https origin; nil means the system's roots.
	TLS *tls.Config
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger

	// CacheSize bounds the cache of pieces. MaxFile is the largest file, and
	// MaxFiles the most files, that enter a manifest. 0 means the default.
	CacheSize int64
	MaxFile   int64
	MaxFiles  int
	// Crawl is how many files are looked for by following the site's links; 0
	// means the default, less than 0 none. CrawlRate is how many requests of its
	// own a front makes a second.
	Crawl     int
	CrawlRate int
	// Every is the least time between two manifests, Expiry how long one is good.
	Every, Expiry time.Duration
	// Lifetime is for how long a file is fresh whose server does not say;
	// MinFresh and MaxFresh bound what it says.
	Lifetime, MinFresh, MaxFresh time.Duration
	// Patience bounds a request of our own to the origin server.
	Patience time.Duration
	// Keep is how many manifests' pieces are answered for, the newest included.
	Keep int
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	setDefault(&o.CacheSize, DefaultCacheSize)
	setDefault(&o.MaxFile, DefaultMaxFile)
	setDefault(&o.MaxFiles, DefaultMaxFiles)
	setDefault(&o.CrawlRate, DefaultCrawlRate)
	setDefault(&o.Every, DefaultEvery)
	setDefault(&o.Expiry, DefaultExpiry)
	setDefault(&o.Lifetime, DefaultLifetime)
	setDefault(&o.MinFresh, DefaultMinFresh)
	setDefault(&o.MaxFresh, DefaultMaxFresh)
	setDefault(&o.Patience, DefaultPatience)
	setDefault(&o.Keep, DefaultKeep)
	if o.Crawl == 0 {
		o.Crawl = DefaultCrawl
	}
}

func setDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}

// ParseOrigin reads the origin of a website: http or https, a host, and no path.
func ParseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
		strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "%.200q is not the origin of a website", text).
			WithHint("write it as https://my.site, without a path")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}
