package bittorrent

import (
	"net/url"
	"testing"
)

// CheckTrackerURL is what the wire library wants of a tracker's URL.
func CheckTrackerURL(t *testing.T, raw string) {
	text, ok := trackerURL(raw)
	if !ok {
		return
	}
	for _, scheme := range []string{"", "udp4", "udp6"} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q became %q: %v", raw, text, err)
		}
		if scheme != "" {
			u.Scheme = scheme
			text = u.String()
			if u, err = url.Parse(text); err != nil {
				t.Fatalf("%q became %q: %v", raw, text, err)
			}
		}
		if u.String() != text || u.User != nil {
			t.Errorf("%q became %q, which is read as %q", raw, text, u)
		}
	}
}
