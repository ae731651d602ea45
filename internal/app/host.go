package app

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/text"
)

// prefix is where the API is on every origin.
const prefix = "/.kith/"

// Host answers apps.
type Host struct {
	o      Options
	desk   *desk
	grants *grants
	asked  *requests
	names  *names
	hubs   *hubs
	texts  *text.Catalogue

	mu      sync.Mutex
	version uint64
	next    chan struct{} // closed with the next change of State
}

// New returns a Host with what was granted before.
func New(o Options) (*Host, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	h := &Host{o: o, texts: text.New(), names: &names{now: o.Now}, version: 1, next: make(chan struct{})}
	h.desk = &desk{o: o, patience: map[string]*patience{}, changed: h.note}
	var err error
	if h.grants, err = openGrants(o.Store, o.MaxGrants); err != nil {
		return nil, err
	}
	if h.asked, err = openRequests(o.Store, o.MaxRequests); err != nil {
		return nil, err
	}
	h.hubs = newHubs(h)
	return h, nil
}

// Close ends every stream of events.
func (h *Host) Close() error {
	h.hubs.close()
	return nil
}

// State is all that the console shows of apps.
type State struct {
	Version uint64  `json:"version"`
	Asks    []Ask   `json:"asks"`
	Apps    []Grant `json:"apps"`
}

// State is everything there is to show.
func (h *Host) State() State {
	h.mu.Lock()
	version := h.version
	h.mu.Unlock()
	return State{Version: version, Asks: h.desk.list(), Apps: h.grants.list()}
}

// Changed waits until State is newer than version.
func (h *Host) Changed(ctx context.Context, version uint64) (State, error) {
	for {
		h.mu.Lock()
		now, next := h.version, h.next
		h.mu.Unlock()
		if now > version {
			return h.State(), nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return State{}, context.Cause(ctx)
		}
	}
}

// note counts a change.
func (h *Host) note() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version++
	close(h.next)
	h.next = make(chan struct{})
}

// Asking reports whether the person is asked something for an origin.
func (h *Host) Asking(label string) bool {
	for _, a := range h.desk.list() {
		if a.Label == label {
			return true
		}
	}
	return false
}

// call is one request of an app.
type call struct {
	h    *Host
	w    http.ResponseWriter
	r    *http.Request
	from Origin
	// grant is what the origin may; nil before it was connected.
	grant *Grant
}

// ServeHTTP answers a request below /.kith/ of an origin that the caller vouches
// for.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request, from Origin) {
	head := w.Header()
	head.Set("Kith-Host", "node")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Add("Content-Security-Policy", "sandbox; default-src 'none'")
	c := &call{h: h, w: w, r: r, from: from}
	rest := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if r.URL.Path == "/.kith" {
		rest = ""
	}
	if err := c.serve(rest); err != nil {
		fail(w, r, err, h.texts.For(r.Header.Get("Accept-Language")))
	}
}

// serve decides what is asked for.
func (c *call) serve(rest string) error {
	if rest == "people" || rest == "people/" {
		return c.people()
	}
	if err := c.from.check(c.r); err != nil {
		return err
	}
	if c.from.App {
		c.grant = c.h.grants.of(c.from.Label)
	}
	if rest == "" {
		return c.only(map[string]func() error{"GET": c.hello})
	}
	if err := c.from.checkApp(c.h.o.Console); err != nil {
		return err
	}
	if rest == "connect" {
		return c.only(map[string]func() error{"POST": c.connect})
	}
	place, below, _ := strings.Cut(rest, "/")
	route, ok := c.routes()[place]
	if !ok {
		return missing(prefix + rest)
	}
	if !c.grant.has(GrantData) {
		return notConnected(c.from)
	}
	return route(below)
}

// routes are the places for connected apps, with what is below them.
func (c *call) routes() map[string]func(below string) error {
	return map[string]func(string) error{
		"data":     c.data,
		"mounts":   c.mounts,
		"share":    c.exactly(map[string]func() error{"POST": c.share}),
		"events":   c.exactly(map[string]func() error{"GET": func() error { return c.stream("") }}),
		"friends":  c.friends,
		"requests": c.requests,
	}
}

// Places are the names below /.kith/ that are answered, for its description.
func Places() []string {
	out := []string{"", "people", "connect"}
	for place := range (&call{}).routes() {
		out = append(out, place)
	}
	return out
}

// exactly serves a place with nothing below it.
func (c *call) exactly(methods map[string]func() error) func(string) error {
	return func(below string) error {
		if below != "" {
			return missing(c.r.URL.Path)
		}
		return c.only(methods)
	}
}

// only serves methods, HEAD with GET.
func (c *call) only(methods map[string]func() error) error {
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if f, ok := methods[method]; ok {
		return f()
	}
	c.w.Header().Set("Allow", allowed(methods))
	return noMethod(c.r.Method)
}

func allowed(methods map[string]func() error) string {
	var out []string
	for _, m := range []string{"GET", "PUT", "PATCH", "POST", "DELETE"} {
		if _, ok := methods[m]; ok {
			out = append(out, m)
			if m == "GET" {
				out = append(out, "HEAD")
			}
		}
	}
	return strings.Join(out, ", ")
}

// people leads to where the person manages friends: the console, in a tab.
func (c *call) people() error {
	if site := c.r.Header.Get("Sec-Fetch-Site"); site != "same-origin" && site != "none" && site != "" {
		return c.from.check(c.r)
	}
	return c.only(map[string]func() error{"GET": func() error {
		c.w.Header().Set("Cache-Control", "no-store")
		c.w.Header().Set("Location", c.h.o.Console+"/#/friends")
		c.w.WriteHeader(http.StatusSeeOther)
		return nil
	}})
}
