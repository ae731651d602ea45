package web

import "strings"

// ConsolePolicy is the Content-Security-Policy of index.html: its own files, its own
// API, and nothing else. Trusted Types are enforced, and lit's is the only
// policy there is.
func ConsolePolicy() string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types lit-html",
	}, "; ")
}

// ShellPolicy is the Content-Security-Policy of app.html when it shows the app at
// origin ("http://<label>.localhost:5484"). frame-src is what stops an app from
// navigating away with data in a URL. The shell itself may ask one thing only:
// whether the node asks the person something for this app.
func ShellPolicy(origin string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src " + askingURL(origin),
		"frame-src " + origin,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// VisitPolicy is the Content-Security-Policy of the runtime's own pages on a
// public site's origin, /.kith/served and /.kith/boot: the runtime's files, the
// site's peers and trackers, and nothing of the site's.
func VisitPolicy() string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self' https: ws: wss:",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// askingURL is where the shell of the app at origin asks whether the person is
// asked something.
func askingURL(origin string) string {
	scheme, host, _ := strings.Cut(origin, "://")
	label, base, _ := strings.Cut(host, ".")
	return scheme + "://" + base + "/asking/" + label
}
