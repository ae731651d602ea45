package host

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// atDomain is the Name of the site at the domain itself, as zone files have it.
const atDomain = "@"

// served is one site with what the host remembers of it.
type served struct {
	site  Site
	label string // of site.Address
	count *counters

	blocks blockSet

	mu       sync.Mutex
	versions []address.Address // that were handed out, the newest last
	swarms   [][20]byte        // that visitors of those meet in, the newest last
}

// table leads from host names and addresses to sites. It does not change.
type table struct {
	sites  []*served
	hosts  map[string]*served
	byID   map[address.ID]*served
	domain string
}

// newTable takes over from old what is known of sites that stay.
func newTable(domain string, sites []Site, old *table) (*table, error) {
	t := &table{domain: domain, hosts: map[string]*served{}, byID: map[address.ID]*served{}}
	for _, s := range sites {
		if err := t.add(s, old); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table) add(s Site, old *table) error {
	var addresses []address.Address
	label := "front" // in metrics alone
	if s.Front == nil {
		var err error
		if label, err = s.Address.Label(); err != nil {
			return err
		}
		addresses = append([]address.Address{s.Address}, s.Also...)
	}
	entry := &served{site: s, label: label, count: &counters{}}
	if before := old.same(s); before != nil {
		entry.count = before.count
		before.mu.Lock()
		entry.versions = append(entry.versions, before.versions...)
		entry.swarms = append(entry.swarms, before.swarms...)
		before.mu.Unlock()
	}
	t.sites = append(t.sites, entry)
	for _, a := range addresses {
		label, err := a.Label()
		if err != nil {
			return err
		}
		if t.byID[a.ID()] == nil { // else the same site is served under another name too
			t.byID[a.ID()], t.hosts[label+"."+t.domain] = entry, entry
			if a.Kind() == address.Name { // a domain of somebody's own, that was named
				t.hosts[strings.ToLower(a.Key())] = entry
			}
		}
		if hash, ok := a.InfoHash(); ok {
			entry.swarms = append(entry.swarms, hash)
		}
	}
	if s.Alone {
		if err := t.enter(t.domain, entry); err != nil {
			return err
		}
	}
	switch name := s.Name; {
	case name == "":
		return nil
	case name == atDomain:
		return t.enter(t.domain, entry)
	case !isLabel(name):
		return fault.New(fault.Invalid, "%q cannot be the name of a site below %s", name, t.domain).
			WithHint("use letters, digits and hyphens, or @ for the domain itself")
	default:
		return t.enter(name+"."+t.domain, entry)
	}
}

func (t *table) enter(host string, s *served) error {
	if other := t.hosts[host]; other != nil && other != s {
		return fault.New(fault.Conflict, "two sites would be at %s", host).
			WithHint("give them different names: NAME=ADDRESS")
	}
	t.hosts[host] = s
	return nil
}

// same is what the table knows of s: by its name, or else by its address.
func (t *table) same(s Site) *served {
	if t == nil {
		return nil
	}
	if s.Name != "" {
		for _, e := range t.sites {
			if e.site.Name == s.Name {
				return e
			}
		}
	}
	return t.byID[s.Address.ID()]
}

// hostOf is the best name a site is found under.
func (t *table) hostOf(s *served) string {
	switch {
	case t.hosts[t.domain] == s:
		return t.domain
	case s.site.Name != "":
		return s.site.Name + "." + t.domain
	}
	return s.label + "." + t.domain
}

// named reports whether a host names the site by an immutable address, so that
// nothing under it will ever change.
func (s *served) named(domain, host string) bool {
	name, _ := hostName(host)
	label, ok := strings.CutSuffix(name, "."+domain)
	if !ok {
		return false
	}
	for _, a := range append([]address.Address{s.site.Address}, s.site.Also...) {
		if own, err := a.Label(); err == nil && own == label {
			return a.Immutable()
		}
	}
	return false
}

// NamesOf lists the host names under which a site is found, the best first; none
// for one that is not served.
func (h *Host) NamesOf(site Site) []string {
	t := h.table.Load()
	s := t.same(site)
	if s == nil {
		return nil
	}
	best := t.hostOf(s)
	var others []string
	for name, at := range t.hosts {
		if at == s && name != best {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append([]string{best}, others...)
}

// saw remembers that version was handed out, and reports whether it was new.
func (s *served) saw(version address.Address, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, v := range s.versions {
		if v.ID() == version.ID() {
			if last := len(s.versions) - 1; i != last {
				copy(s.versions[i:], s.versions[i+1:])
				s.versions[last] = v
			}
			return false
		}
	}
	s.versions = append(s.versions, version)
	if len(s.versions) > most {
		s.versions = s.versions[len(s.versions)-most:]
	}
	return true
}

// meets remembers the swarm of a version.
func (s *served) meets(swarm [20]byte, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.swarms, swarm) {
		return
	}
	s.swarms = append(s.swarms, swarm)
	if most += 1 + len(s.site.Also); len(s.swarms) > most {
		s.swarms = s.swarms[len(s.swarms)-most:]
	}
}

// InSwarm reports whether visitors of a site that is served meet in a swarm.
func (h *Host) InSwarm(swarm [20]byte) bool {
	for _, s := range h.table.Load().sites {
		s.mu.Lock()
		found := slices.Contains(s.swarms, swarm)
		s.mu.Unlock()
		if found {
			return true
		}
	}
	return false
}

// newest is the id of the version that was handed out last.
func (s *served) newest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.versions) == 0 {
		return ""
	}
	return idOf(s.versions[len(s.versions)-1])
}

// version finds a version that was handed out, by its id.
func (s *served) version(id string) (address.Address, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.versions {
		if idOf(v) == id {
			return v, true
		}
	}
	return address.Address{}, false
}

// idOf names an immutable version in URLs and in visitors' storage; "" when it
// has no such name.
func idOf(a address.Address) string {
	label, err := a.Root().Label()
	if err != nil {
		return ""
	}
	return label
}

// counters count what was sent of one site.
type counters struct {
	requests, bytes, pieces, pieceBytes, pages, refused atomic.Int64
}
