// Package front puts a swarm before an existing website (spec/front.md). It is a
// reverse proxy for one origin server. What it sees pass by, or finds by looking
// through the site, that is public and may be cached enters a manifest: a signed
// list of files with the hashes of their pieces. Visitors verify pieces by it and
// get them from one another; what they lack they ask of the Front, which has a
// bounded cache on disk and asks the origin server only for what is missing
// there.
//
// Everything else passes straight through: requests that are not GET or HEAD,
// that carry cookies or credentials, or upgrade to another protocol; answers that
// set cookies, vary, are private or not to be stored.
//
// Only the configured origin is ever contacted. Its redirects are handed on, never
// followed.
//
// A Front is an http.Handler and gives Versions, each an engine.Piecer. Who serves
// them to browsers and peers is left to package host.
package front
