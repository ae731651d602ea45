package app

import (
	"net/http"
	"strings"
)

// lists reports whether a list of entity tags names one (RFC 9110 §8.8.3). strong
// leaves weak tags out.
func lists(header, etag string, strong bool) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for rest := header; ; {
		start := strings.IndexByte(rest, '"')
		if start < 0 {
			return false
		}
		end := strings.IndexByte(rest[start+1:], '"')
		if end < 0 {
			return false
		}
		weak := strings.HasSuffix(rest[:start], "W/")
		if tag := rest[start : start+end+2]; tag == etag && !(weak && strong) {
			return true
		}
		rest = rest[start+end+2:]
	}
}

// conditions looks at what a GET demands. It is 0 for one that is to be answered,
// else the status.
func conditions(r *http.Request, etag string) int {
	if m := r.Header.Get("If-Match"); m != "" && !lists(m, etag, true) {
		return http.StatusPreconditionFailed
	}
	if m := r.Header.Get("If-None-Match"); m != "" && lists(m, etag, false) {
		return http.StatusNotModified
	}
	return 0
}

// rangeHeader is the header Range, unless its condition If-Range is not met.
func rangeHeader(r *http.Request, etag string) string {
	if m := r.Header.Get("If-Range"); m != "" && m != etag {
		return ""
	}
	return r.Header.Get("Range")
}
