package front

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// Front stands before one website. It is safe for concurrent use.
type Front struct {
	o      Options
	origin *url.URL
	key    ed25519.PrivateKey
	book   *book
	texts  *text.Catalogue
	cache  *cache
	client *http.Client
	proxy  *httputil.ReverseProxy
	links  *frontier
	renews singleflight.Group // of files, by path
	asks   singleflight.Group // of pieces, by hash
	woken  chan struct{}

	mu       sync.Mutex
	sequence int64
	expires  time.Time
	versions []*Version // the newest first
	watchers map[chan struct{}]bool
}

// Names of records in the bucket.
const (
	keyRecord      = "key"
	documentRecord = "document"
	entriesRecord  = "entries"
)

// New returns a Front. What an earlier one left in the store goes on: its key, its
// manifest, and what it knew of the files.
func New(o Options) (*Front, error) {
	o.setDefaults()
	origin, err := ParseOrigin(o.Origin)
	if err != nil {
		return nil, err
	}
	site, err := ParseOrigin(o.Site)
	if err != nil {
		return nil, err
	}
	if o.Store == nil || o.Dir == "" {
		return nil, fault.New(fault.Internal, "front: store and dir are needed")
	}
	o.Site = site.String()
	f := &Front{
		o: o, origin: origin, texts: text.New(), book: newBook(o.MaxFiles), woken: make(chan struct{}, 1),
		links: newFrontier(o.Crawl), watchers: map[chan struct{}]bool{},
	}
	if f.cache, err = openCache(o.Dir, o.CacheSize); err != nil {
		return nil, err
	}
	transport := f.transport()
	f.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	f.proxy = f.newProxy(transport)
	if err := f.loadKey(); err != nil {
		return nil, err
	}
	return f, f.resume()
}

// Key is the public key that signs the manifests.
func (f *Front) Key() ed25519.PublicKey { return f.key.Public().(ed25519.PublicKey) }

// Site is the origin under which visitors see the website.
func (f *Front) Site() string { return f.o.Site }

// Run looks through the site, asks again for what is stale and makes manifests,
// until ctx ends.
func (f *Front) Run(ctx context.Context) error {
	var group errgroup.Group
	group.Go(func() error { return f.publishing(ctx) })
	group.Go(func() error { return f.looking(ctx) })
	err := group.Wait()
	f.client.CloseIdleConnections()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// loadKey reads the key, or makes one.
func (f *Front) loadKey() error {
	seed, err := f.o.Store.Get(keyRecord)
	switch {
	case err == nil && len(seed) == ed25519.SeedSize:
		f.key = ed25519.NewKeyFromSeed(seed)
		return nil
	case err == nil:
		return fault.New(fault.Corrupt, "the key of the front before %s is damaged", f.origin)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, f.key, err = ed25519.GenerateKey(nil)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	return f.o.Store.Apply(map[string][]byte{keyRecord: f.key.Seed()}, nil)
}

// resume goes on with the manifest and the entries that were kept, or begins with
// a manifest of no files.
func (f *Front) resume() error {
	document, err := f.o.Store.Get(documentRecord)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var m Manifest
	if err == nil {
		// Its sequence counts even where it has expired.
		if m, err = Open(document, f.Key(), time.Time{}); err != nil {
			return fmt.Errorf("the manifest that was kept: %w", err)
		}
		f.sequence = m.Sequence
	}
	if f.o.Site == m.Site {
		if err := f.loadEntries(); err != nil {
			return err
		}
	}
	if expires := time.Unix(m.Expires, 0); f.o.Site == m.Site && f.now().Add(f.o.Expiry/2).Before(expires) {
		f.add(newVersion(f, m, document), expires)
		return nil
	}
	return f.publish()
}

func (f *Front) loadEntries() error {
	data, err := f.o.Store.Get(entriesRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var kept []*entry
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		return fmt.Errorf("what was known of the site: %w", err)
	}
	for _, e := range kept {
		if err := e.check(PieceLength); err != nil {
			return err
		}
		if e.Linked {
			f.book.link(e.Path)
		}
		f.book.put(e, f.now())
	}
	f.book.all() // none of that is new
	return nil
}

// wake has the next manifest considered.
func (f *Front) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// publishing makes manifests when there is reason to.
func (f *Front) publishing(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.woken:
		case <-timer.C:
		}
		wait, news := f.book.due(f.now(), f.o.Every)
		f.mu.Lock()
		renewal := f.expires.Add(-f.o.Expiry / 2).Sub(f.now())
		f.mu.Unlock()
		if news && wait <= 0 || renewal <= 0 {
			if err := f.publish(); err != nil {
				return err
			}
			wait, news = f.book.due(f.now(), f.o.Every)
			renewal = f.o.Expiry / 2
		}
		if !news || renewal < wait {
			wait = renewal
		}
		timer.Reset(max(wait, time.Millisecond))
	}
}

// publish makes a manifest of what is known, and keeps it before anybody sees it.
func (f *Front) publish() error {
	entries := f.book.all()
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	m := Manifest{
		Site: f.o.Site, Sequence: f.sequence + 1, Created: now.Unix(), Expires: now.Add(f.o.Expiry).Unix(),
		PieceLength: PieceLength, Key: f.Key(),
	}
	for _, e := range entries {
		m.Files = append(m.Files, e.File)
	}
	document, err := m.Sign(f.key)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(entries)
	if err != nil {
		return fault.New(fault.Internal, "write what is known of the site: %w", err)
	}
	if err := f.o.Store.Apply(map[string][]byte{documentRecord: document, entriesRecord: kept}, nil); err != nil {
		return fmt.Errorf("keep the manifest: %w", err)
	}
	f.sequence = m.Sequence
	f.addLocked(newVersion(f, m, document), time.Unix(m.Expires, 0))
	f.o.Log.Info("a new manifest", "site", f.o.Site, "sequence", m.Sequence, "files", len(m.Files))
	return nil
}

func (f *Front) add(v *Version, expires time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addLocked(v, expires)
}

func (f *Front) addLocked(v *Version, expires time.Time) {
	f.expires = expires
	f.versions = append([]*Version{v}, f.versions...)
	f.versions = f.versions[:min(len(f.versions), f.o.Keep)]
	for w := range f.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Current returns the newest version.
func (f *Front) Current() *Version {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.versions[0]
}

// Version returns the version called id with its name, if its pieces are answered
// for; the newest for "".
func (f *Front) Version(id string) (v engine.Piecer, name string, ok bool) {
	for _, v := range f.Versions() {
		if id == "" || v.ID() == id {
			return v, v.ID(), true
		}
	}
	return nil, "", false
}

// Versions returns those whose pieces are answered for, the newest first.
func (f *Front) Versions() []*Version {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Version(nil), f.versions...)
}

// Watch returns a channel that receives whenever there is a newer version, until
// stop is called.
func (f *Front) Watch() (changed <-chan struct{}, stop func()) {
	w := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers[w] = true
	return w, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, w)
	}
}
