package openapi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestNobodyElseHasAnEffect sends good requests of every operation without the
// token, with another one, by another host and for pages of other origins. They are
// refused, and leave everything as it is.
func TestNobodyElseHasAnEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := load(t, "node")
	w.furnish(t, d)
	g := &generator{d: d, r: rand.New(rand.NewPCG(seed(t), 0)), p: w.pool}
	before := w.everything(t, d)
	label, _ := w.pool.known(g.r, "label")
	for _, o := range d.ops {
		if o.open {
			continue
		}
		for who, change := range map[string]func(*request){
			"no token":                  func(r *request) { r.header.Del("Authorization") },
			"another token":             func(r *request) { r.header.Set("Authorization", "Bearer "+w.token[1:]+"0") },
			"another host":              func(r *request) { r.host = "rebound.example:" + w.port },
			"a site's host":             func(r *request) { r.host = label + ".localhost:" + w.port },
			"a page of another origin":  func(r *request) { r.header.Set("Origin", "https://evil.example") },
			"a sandboxed page":          func(r *request) { r.header.Set("Origin", "null") },
			"a site's page":             func(r *request) { r.header.Set("Origin", "http://example-org.localhost:"+w.port) },
			"a request of another site": func(r *request) { r.header.Set("Sec-Fetch-Site", "cross-site") },
			"a request of a site here":  func(r *request) { r.header.Set("Sec-Fetch-Site", "same-site") },
		} {
			r := w.request(o)
			g.fill(r)
			change(r)
			if r.note = who; r.mangled {
				continue
			}
			got, err := w.send(r)
			must(t, err)
			if got.waited || got.status < 400 || got.status >= http.StatusInternalServerError && who != "another host" && who != "a site's host" {
				t.Errorf("it is answered %d (it waited: %t): %.200s\n%s", got.status, got.waited, got.body, r)
			}
		}
	}
	if after := w.everything(t, d); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
}

// everything is what the node has, without what changes by itself.
func (w *world) everything(t testing.TB, d *document) string {
	t.Helper()
	var out string
	for _, id := range []string{"getPublications", "getApps", "getHeldApps", "getServes", "getConsent", "getExtensions"} {
		out += string(w.call(t, d, id, nil, nil, 200))
	}
	out += string(w.call(t, d, "getDocument", nil, nil, 200))
	var sites []string // in any order: who was read last is first
	for _, s := range decode[struct {
		Sites []struct{ Label, Mode, Address string }
	}](t, w.call(t, d, "getSites", nil, nil, 200)).Sites {
		sites = append(sites, s.Label+s.Mode+s.Address)
	}
	slices.Sort(sites)
	out += strings.Join(sites, "")
	own := decode[struct {
		Person                               struct{ Name string }
		Friends, Devices, Invitations, Lists []struct{ ID, Name string }
	}](t, w.call(t, d, "getSharing", nil, nil, 200))
	out += fmt.Sprint(own)
	nearby := decode[struct{ Name string }](t, w.call(t, d, "getNearby", nil, nil, 200))
	return out + nearby.Name
}
