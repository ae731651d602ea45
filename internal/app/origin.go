package app

import (
	"net/http"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// Origin is who asks: a site's own origin, of which the caller read from the Host
// header that it is this node's.
type Origin struct {
	// Label is the first part of its host, which is no other origin's; URL the
	// whole: http://<label>.localhost:5484.
	Label, URL string
	// Address is what people are shown: the site's address.
	Address string
	// App is whether it is shown as an app, in the shell.
	App bool
}

// check refuses what is not of a page of the origin itself (spec/app-api.md §1).
// Browsers say so; what says nothing is none, or too old.
func (o Origin) check(r *http.Request) error {
	if from := r.Header.Get("Origin"); from != "" && from != o.URL {
		return told(http.StatusForbidden, "origin", fault.New(fault.Forbidden, "a page of %.100q may not use %s", from, o.URL))
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "same-origin" {
		return told(http.StatusForbidden, "origin",
			fault.New(fault.Forbidden, "this is for pages of %s alone", o.URL).WithHint("use fetch in a page of the app"))
	}
	if r.Header.Get("Service-Worker") != "" {
		return told(http.StatusForbidden, "origin", fault.New(fault.Forbidden, "a document is no service worker"))
	}
	return nil
}

// checkApp refuses sites that are opened as plain pages: those may talk to every
// server, and get nothing of the person's.
func (o Origin) checkApp(console string) error {
	if o.App {
		return nil
	}
	return told(http.StatusForbidden, "not-an-app", fault.New(fault.Forbidden, "%s is open as a plain site", o.Address).
		WithHint("open it as an app: choose that at %s/#/sites/%s/privacy", console, o.Label))
}

// maxAppName is how long the name of an app may be.
const maxAppName = 63

// isAppName reports whether an app may be called so.
func isAppName(s string) bool {
	if s == "" || len(s) > maxAppName || strings.Trim(s[:1], "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// maxTitle is how many octets of what an app calls itself are shown.
const maxTitle = 64

// cleanText makes the text of a stranger one line of at most most octets, that does
// not turn the direction of the text around it.
func cleanText(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}
