package host

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/address"
)

// origin is the origin of a host name as the visitor's own is written: by the
// same scheme and port.
func (h *Host) origin(r *http.Request, name string) string {
	scheme := "http://"
	if h.isSecure(r) {
		scheme = "https://"
	}
	_, port, _ := strings.Cut(r.Host, ":")
	if port != "" {
		port = ":" + port
	}
	return scheme + name + port
}

// public is where a URL of the node's leads on this host; ok is false for one
// that is no site's.
func (h *Host) public(r *http.Request, location string) (to string, ok bool) {
	u, err := url.Parse(location)
	if err != nil {
		return "", false
	}
	label, ok := strings.CutSuffix(u.Hostname(), ".localhost")
	if !ok {
		return "", false
	}
	a, err := address.FromLabel(label)
	if err != nil {
		return "", false
	}
	t := h.table.Load()
	s := t.byID[a.ID()]
	if s == nil {
		return "", false
	}
	name := t.hostOf(s)
	if own, _ := hostName(r.Host); t.hosts[own] == s {
		name = own
	}
	return h.origin(r, name) + u.RequestURI(), true
}
