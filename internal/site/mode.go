package site

import (
	"net/url"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// MaxAllow is how many origins an app may be allowed to talk to.
const MaxAllow = 64

// SetMode changes how the site at a is shown and, for an app, the origins it may
// talk to (https://api.example.org). When the mode changes, what the site stored
// in the browser is cleared with its next response, because what an app could
// learn is more than what a plain page may pass on.
func (m *Manager) SetMode(a address.Address, mode Mode, allow []string) (Site, error) {
	if mode != ModeSite && mode != ModeApp {
		return Site{}, fault.New(fault.Invalid, "%.40q is no mode", mode).WithHint("the modes are site and app")
	}
	origins, err := checkOrigins(allow)
	if err != nil {
		return Site{}, err
	}
	if mode == ModeSite {
		origins = nil // a plain page is not kept from anything
	}
	r, err := m.known(a)
	if err != nil {
		return Site{}, err
	}
	m.mu.Lock()
	if r.policy.Load().mode != mode {
		r.clear.Store(true)
	}
	r.policy.Store(&policy{mode, origins})
	m.changed()
	l := m.look(r)
	m.mu.Unlock()
	if err := m.save(r); err != nil {
		return Site{}, err
	}
	return m.finish(l), nil
}

// Mode is how the site at a is shown, with the origins that an app may talk to.
// A site that is not known is a plain page.
func (m *Manager) Mode(a address.Address) (mode Mode, allow []string) {
	m.mu.Lock()
	r := m.sites[a.ID()]
	m.mu.Unlock()
	if r == nil {
		return ModeSite, nil
	}
	p := r.policy.Load()
	return p.mode, p.allow
}

// checkOrigins returns the origins in their one form, sorted.
func checkOrigins(list []string) ([]string, error) {
	if len(list) > MaxAllow {
		return nil, fault.New(fault.TooLarge, "%d origins are more than an app may be allowed", len(list)).
			WithHint("allow at most %d", MaxAllow)
	}
	var out []string
	for _, text := range list {
		origin, ok := checkOrigin(text)
		if !ok {
			return nil, fault.New(fault.Invalid, "%.120q is not an origin", text).
				WithHint("an origin is a scheme, a host and perhaps a port: https://api.example.org")
		}
		if !slices.Contains(out, origin) {
			out = append(out, origin)
		}
	}
	slices.Sort(out)
	return out, nil
}

// checkOrigin accepts nothing that would mean more in a header that lists
// origins than it says here: no wildcard, no list, no path.
func checkOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" || u.Opaque != "" {
		return "", false
	}
	if !slices.Contains([]string{"https", "http", "wss", "ws"}, u.Scheme) || u.Hostname() == "" || len(u.Host) > 260 {
		return "", false
	}
	host := strings.ToLower(u.Host)
	plain := strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._:[]") == ""
	if !plain || strings.HasSuffix(host, ":") || strings.Contains(text, "#") || strings.Contains(text, "?") {
		return "", false
	}
	return u.Scheme + "://" + host, true
}
