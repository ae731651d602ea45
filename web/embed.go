// Package web holds the browser side of Kith as it is served: the console, the
// shell that apps run in, the runtime of visitors with nothing installed, and
// what their pages need of a server.
//
// The sources are TypeScript in console, shell and runtime; dist is made of them
// by tools/webbuild and committed, so that building Kith needs no Node.js.
//
//	dist/index.html   the console, served at / of the console's origin, through Index
//	dist/app.html     the shell, served at /app/<label>/<path> of the same origin
//	dist/assets/…     scripts, style sheets and icons of both, served at /assets/…
//	dist/visit/…      the visitors' runtime, served below /.kith/ of public origins, through Visit
//	dist/peer/…       the browser peer with its SDK, for apps to copy to any web server (sdk/kith)
//
// Names in assets and visit are stable: serve them with an ETag and Cache-Control:
// no-cache. Who may have the console's page, and the token in it, is decided in
// package api.
package web

import (
	"bytes"
	"embed"
	"html"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// placeholder stands in index.html where the token goes.
const placeholder = "%KITH_TOKEN%"

// Dist returns the built files, with index.html at the root.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist // only for a name that is not valid, which "dist" is
	}
	return sub
}

// Visit returns the runtime of visitors, by the names below /.kith/ of a public
// site's origin: loader.js, runtime.js, worker.js (with Service-Worker-Allowed:
// /), badge.js, served.js, served.css, boot.js, boot.css and icon.svg; and the
// pages served.html and boot.html, which are served at /.kith/served and
// /.kith/boot, with VisitPolicy.
func Visit() fs.FS {
	sub, err := fs.Sub(dist, "dist/visit")
	if err != nil {
		return dist // only for a name that is not valid, which "dist/visit" is
	}
	return sub
}

// Index returns the console's page with the API's token in it. It must not be
// cached.
func Index(token string) ([]byte, error) {
	page, err := fs.ReadFile(dist, "dist/index.html")
	if err != nil {
		return nil, err
	}
	return bytes.Replace(page, []byte(placeholder), []byte(html.EscapeString(token)), 1), nil
}
