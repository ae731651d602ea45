package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/resolve"
	"github.com/kith-web/kith/internal/site"
)

// Sites is what the API does with sites; a site.Manager does it.
type Sites interface {
	Sites() []site.Site
	Progress(a address.Address) (site.Site, bool)
	Open(ctx context.Context, a address.Address) (*site.Handle, error)
	Begin(a address.Address) (site.Site, error)
	Pin(a address.Address, pinned bool) (site.Site, error)
	SetMode(a address.Address, mode site.Mode, allow []string) (site.Site, error)
	Remove(ctx context.Context, a address.Address) error
}

// Resolver is what the API asks about names; a resolve.Resolver answers.
type Resolver interface {
	Resolve(ctx context.Context, a address.Address) (resolve.Resolution, error)
}

var (
	_ Sites    = (*site.Manager)(nil)
	_ Resolver = (*resolve.Resolver)(nil)
)

// SiteList is the answer that lists sites.
type SiteList struct {
	Sites []site.Site `json:"sites"`
}

func (s *Server) siteList() SiteList { return SiteList{append([]site.Site{}, s.o.Sites.Sites()...)} }

func (s *Server) getSites(w http.ResponseWriter, _ *http.Request) { answer(w, s.siteList(), nil) }

// labelled returns the site whose label is in the path of the request.
func (s *Server) labelled(r *http.Request) (site.Site, error) {
	a, err := address.FromLabel(r.PathValue("label"))
	if err != nil {
		return site.Site{}, err
	}
	known, ok := s.o.Sites.Progress(a)
	if !ok {
		return site.Site{}, fault.New(fault.NotFound, "this node does not know the site %s", a)
	}
	return known, nil
}

func (s *Server) getSite(w http.ResponseWriter, r *http.Request) {
	known, err := s.labelled(r)
	answer(w, known, err)
}

// SiteChange is what can be changed about a site; nil leaves it as it is.
type SiteChange struct {
	Pinned *bool      `json:"pinned,omitempty"`
	Mode   *site.Mode `json:"mode,omitempty"`
	Allow  *[]string  `json:"allow,omitempty"`
}

func (s *Server) patchSite(w http.ResponseWriter, r *http.Request) {
	var change SiteChange
	a, err := address.FromLabel(r.PathValue("label"))
	if err == nil {
		err = decode(w, r, s.o.MaxBody, &change)
	}
	if err != nil {
		fail(w, err)
		return
	}
	known, err := s.change(a, change)
	answer(w, known, err)
}

func (s *Server) change(a address.Address, change SiteChange) (known site.Site, err error) {
	known, ok := s.o.Sites.Progress(a)
	if change.Pinned != nil { // also of a site that is not known yet
		if known, err = s.o.Sites.Pin(a, *change.Pinned); err != nil {
			return known, err
		}
		ok = true
	}
	if !ok {
		return known, fault.New(fault.NotFound, "this node does not know the site %s", a)
	}
	if change.Mode == nil && change.Allow == nil {
		return known, nil
	}
	mode, allow := known.Mode, known.Allow
	if change.Mode != nil {
		mode = *change.Mode
	}
	if change.Allow != nil {
		allow = *change.Allow
	}
	if mode != site.ModeApp && mode != site.ModeSite {
		return known, fault.New(fault.Invalid, "%.20q is not a mode; there are site and app", mode)
	}
	return s.o.Sites.SetMode(a, mode, allow)
}

func (s *Server) deleteSite(w http.ResponseWriter, r *http.Request) {
	known, err := s.labelled(r)
	switch {
	case err != nil:
	case known.Published:
		err = s.forget(r.Context(), publishes(known))
	default:
		err = s.o.Sites.Remove(r.Context(), known.Address)
	}
	done(w, err)
}

// publishes matches the publication a site belongs to.
func publishes(known site.Site) func(publish.Publication) bool {
	return func(p publish.Publication) bool {
		return slices.ContainsFunc([]string{p.IPFS, p.WTP, p.IPNS, p.WTPKey}, func(text string) bool {
			a, err := address.Parse(text)
			return err == nil && (a.Key() == known.Address.Key() || a.Key() == known.Target.Key())
		})
	}
}

// OpenRequest asks to open an address.
type OpenRequest struct {
	Address string    `json:"address"`
	Mode    site.Mode `json:"mode,omitempty"`
}

// Opened is a site that is being opened.
type Opened struct {
	Address address.Address `json:"address"`
	Label   string          `json:"label"`
	// URL is where a browser sees it; for an app, the shell.
	URL string `json:"url"`
	// Kind is the network, "name" for a name that is not resolved yet.
	Kind string `json:"kind"`
}

func (s *Server) postOpen(w http.ResponseWriter, r *http.Request) {
	var q OpenRequest
	if err := decode(w, r, s.o.MaxBody, &q); err != nil {
		fail(w, err)
		return
	}
	opened, err := s.open(r.Context(), q)
	answer(w, opened, err)
}

// open begins to open an address and does not wait for peers.
func (s *Server) open(ctx context.Context, q OpenRequest) (o Opened, err error) {
	a, err := address.Parse(q.Address)
	if err != nil {
		return o, err
	}
	if a.Kind() == address.Index {
		tail := a
		if a, err = s.readIndex(ctx, a.Location()); err != nil {
			return o, err
		}
		a.Path, a.Query, a.Fragment = tail.Path, tail.Query, tail.Fragment
	}
	known, err := s.o.Sites.Begin(a)
	if err == nil && q.Mode != "" && q.Mode != known.Mode {
		known, err = s.change(a, SiteChange{Mode: &q.Mode})
	}
	if err != nil {
		return o, err
	}
	return s.opened(a, known)
}

func (s *Server) opened(a address.Address, known site.Site) (o Opened, err error) {
	base := "localhost:" + strconv.Itoa(s.o.Port)
	o = Opened{Address: a, Kind: string(a.Network())}
	if o.Kind == "" {
		o.Kind = "name"
	}
	if o.Label, err = a.Label(); err != nil {
		return o, err
	}
	if o.URL, err = a.URL(base); err != nil {
		return o, err
	}
	if known.Mode == site.ModeApp {
		o.URL = strings.Replace(o.URL, "http://"+o.Label+"."+base, "http://"+base+"/app/"+o.Label, 1)
	}
	return o, nil
}

// Resolved is what a name points at.
type Resolved struct {
	Address address.Address `json:"address"`
	// Target is the preferred immutable address, Candidates all of them.
	Target     address.Address   `json:"target"`
	Network    address.Network   `json:"network"`
	Candidates []address.Address `json:"candidates"`
	// Chain are the names that were followed.
	Chain []address.Address `json:"chain,omitempty"`
	// TTL is for how many seconds the answer holds; 0 for one that is stale.
	TTL   int64 `json:"ttl"`
	Stale bool  `json:"stale,omitempty"`
}

func (s *Server) getResolve(w http.ResponseWriter, r *http.Request) {
	a, err := address.Parse(r.URL.Query().Get("address"))
	if err != nil {
		fail(w, err)
		return
	}
	res, err := s.o.Resolver.Resolve(r.Context(), a)
	if err == nil && len(res.Candidates) == 0 {
		err = fault.New(fault.NotFound, "%s points nowhere", a)
	}
	if err != nil {
		fail(w, err)
		return
	}
	out := Resolved{
		Address: a, Target: res.Candidates[0], Network: res.Candidates[0].Network(),
		Candidates: res.Candidates, Chain: res.Chain, Stale: res.Stale,
	}
	if !res.Expires.IsZero() {
		out.TTL = max(0, int64(time.Until(res.Expires).Seconds()))
	}
	answer(w, out, nil)
}
