package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/resolve"
)

// sitesOnShow are the sites of a host: it publishes folders, looks for the
// others, and tells the host what is there.
type sitesOnShow struct {
	h     *hosting
	watch bool
	alone bool // there is one site, which is at the domain itself
	ready func(Hosted)

	mu    sync.Mutex
	shown []*shown // in the order given
}

// shown is one site of the command line.
type shown struct {
	name   string // "" for none
	folder string // "" for an address
	site   host.Site
}

// readShow reads the sites that were asked for.
func readShow(o *Hosting, h *hosting) (*sitesOnShow, error) {
	s := &sitesOnShow{h: h, watch: o.Watch, ready: o.Ready}
	if len(o.Sites) == 0 && h.c.Front == "" {
		return nil, fault.New(fault.Invalid, "no site to serve was given").
			WithHint("give an address or a folder: kith host --domain example.org my-site")
	}
	for _, arg := range o.Sites {
		one, err := readShown(arg)
		if err != nil {
			return nil, err
		}
		if one.folder != "" && h.p.publisher == nil {
			return nil, fault.New(fault.Unsupported, "%s cannot be published: every network is off", arg).
				WithHint("enable [bittorrent] or [ipfs] in config.toml")
		}
		s.shown = append(s.shown, one)
	}
	s.alone = len(s.shown) == 1 && h.c.Front == ""
	return s, nil
}

// readShown reads ADDRESS, FOLDER, NAME=ADDRESS or NAME=FOLDER. What is a folder
// here is taken for one. A folder without a name gets its own.
func readShown(arg string) (*shown, error) {
	out := &shown{}
	what := arg
	if name, rest, ok := strings.Cut(arg, "="); ok && rest != "" && (name == "@" || isHostLabel(name)) {
		out.name, what = strings.ToLower(name), rest
	}
	if info, err := os.Stat(what); err == nil && (info.IsDir() || filepath.Ext(what) != ".torrent") {
		if out.folder, err = filepath.Abs(what); err != nil {
			return nil, err
		}
		if out.name == "" {
			out.name = hostLabel(filepath.Base(out.folder))
		}
		return out, nil
	}
	a, err := address.Parse(what)
	path := strings.HasPrefix(what, ".") || filepath.IsAbs(what)
	if err != nil && !path {
		return nil, err
	}
	if path || a.Kind() == address.Name && !strings.Contains(a.Key(), ".") {
		return nil, fault.New(fault.NotFound, "there is no folder %s", what).WithHint("check the path; a site of others is given by its address")
	}
	if a.Kind() == address.Index || a.Kind() == address.Device || a.Path != "" && a.Path != "/" {
		return nil, fault.New(fault.Unsupported, "%s cannot be served: it is not the address of a whole site", what).
			WithHint("give a folder, or an address such as wtp://<infohash>, ipfs://<cid> or example.org")
	}
	a.Path = ""
	out.site = host.Site{Address: a, Name: out.name, Title: a.Hints.DisplayName}
	return out, nil
}

// isHostLabel reports whether s can be the label of a host name.
func isHostLabel(s string) bool { return s != "" && hostLabel(s) == strings.ToLower(s) }

// hostLabel makes a label of a host name of a folder's name.
func hostLabel(s string) string {
	const longest = 40
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	s = strings.Trim(s[:min(len(s), longest)], "-")
	if s == "" {
		return "site"
	}
	return s
}

// run publishes and looks for the sites, and goes on until ctx ends. A site that
// cannot be had is tried again; the others are served meanwhile.
func (s *sitesOnShow) run(ctx context.Context) error {
	if err := s.show(); err != nil {
		return err
	}
	var group errgroup.Group
	if s.h.front != nil {
		group.Go(func() error { return s.openFront(ctx) })
	}
	for _, one := range s.shown {
		if one.folder != "" {
			group.Go(func() error { return s.publish(ctx, one) })
		} else {
			group.Go(func() error { return s.seek(ctx, one) })
		}
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// show tells the host which sites there are by now.
func (s *sitesOnShow) show() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sites []host.Site
	if s.h.front != nil {
		sites = append(sites, host.Site{Front: s.h.front, Name: "@", Title: s.h.c.Domain})
	}
	for _, one := range s.shown {
		if one.site.Address.Valid() {
			one.site.Alone = s.alone
			sites = append(sites, one.site)
		}
	}
	return s.h.host.Serve(sites)
}

// publish publishes a folder, once or after every change.
func (s *sitesOnShow) publish(ctx context.Context, one *shown) error {
	r := publish.Request{Folder: one.folder}
	if !isLoopbackName(s.h.c.Domain) { // others could not reach these
		origin := s.h.origin(one.name)
		r.WebSeeds = []string{s.h.url(false, origin) + "/.kith/seed/"}
		if s.h.meet != nil {
			r.Trackers = []string{s.h.url(true, origin) + "/.kith/tracker", s.h.url(false, origin) + "/.kith/announce"}
		}
	}
	publisher := s.h.p.publisher
	if !s.watch {
		pub, err := publisher.Publish(ctx, r, nil)
		if err != nil {
			return err
		}
		return s.published(ctx, one, pub)
	}
	return publisher.Watch(ctx, r, nil, func(pub publish.Publication, err error) {
		if err != nil {
			return // Watch tells it, and returns the first
		}
		if err := s.published(ctx, one, pub); err != nil {
			s.tell(one, err)
		}
	})
}

// published puts a new version of a folder on show. BitTorrent comes first: its
// peers are the most, and browsers verify its pieces fastest.
func (s *sitesOnShow) published(ctx context.Context, one *shown, pub publish.Publication) error {
	var all []address.Address
	for _, text := range []string{pub.WTP, pub.IPFS, pub.WTPKey, pub.IPNS} {
		if text == "" {
			continue
		}
		a, err := address.Parse(text)
		if err != nil {
			return err
		}
		all = append(all, a.Root())
	}
	if len(all) == 0 {
		return fault.New(fault.Internal, "%s was published nowhere", one.folder)
	}
	s.mu.Lock()
	one.site = host.Site{Address: all[0], Also: all[1:], Name: one.name, Title: pub.Name}
	s.mu.Unlock()
	if err := s.show(); err != nil {
		return err
	}
	s.open(ctx, one)
	return nil
}

// open opens a site that is on show, before anybody comes. It reports whether it
// could, and tells.
func (s *sitesOnShow) open(ctx context.Context, one *shown) bool {
	if err := s.h.host.Warm(ctx, one.site); err != nil {
		if ctx.Err() == nil {
			s.tell(one, err)
		}
		return false
	}
	// One try: an authority counts those that fail, and the first visitor is
	// another.
	s.tell(one, s.h.obtain(ctx, s.h.host.NamesOf(one.site)[0]))
	return true
}

// retryTime is how long a site that could not be had is left alone.
const retryTime = 30 * time.Second

// seek looks for a site of others until it is here, keeps it for good, and goes
// on following its name.
func (s *sitesOnShow) seek(ctx context.Context, one *shown) error {
	if _, err := s.h.p.sites.Pin(one.site.Address, true); err != nil {
		return err
	}
	for !s.open(ctx, one) {
		select {
		case <-time.After(retryTime):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// tell says how things stand with a site.
func (s *sitesOnShow) tell(one *shown, err error) {
	if s.ready == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.h.host.NamesOf(one.site)
	out := Hosted{Address: one.site.Address, Folder: one.folder, Err: err}
	for i, name := range names {
		if u := s.h.url(false, name) + "/"; i == 0 {
			out.URL = u
		} else {
			out.Others = append(out.Others, u)
		}
	}
	s.ready(out)
}

// origin is the host name of a site with a name.
func (h *hosting) origin(name string) string {
	if name == "@" {
		return h.c.Domain
	}
	return name + "." + h.c.Domain
}

// isLoopbackName reports whether a domain is this computer's alone.
func isLoopbackName(domain string) bool { return strings.HasSuffix(domain, ".localhost") }

// follower is a resolve.Resolver as package host wants it.
type follower struct{ r *resolve.Resolver }

// Follow implements host.Names.
func (f follower) Follow(ctx context.Context, a address.Address) ([]address.Address, error) {
	res, err := f.r.Resolve(ctx, a)
	return append(res.Chain, res.Candidates...), err
}
