// Package gateway turns origins into HTTP: it decides by the Host header what a
// request is for, and serves sites to browsers and scripts.
//
//   - <label>.localhost is a site's own origin, served from an fs.FS: ranges,
//     conditional requests, index.html, folder listings, _redirects, 404.html,
//     streamed while it downloads.
//   - <cid>.ipfs.localhost, <name>.ipns.localhost and the paths /ipfs/… and
//     /ipns/… go to the handler of the IPFS gateway specifications; a browser's
//     navigation there is redirected to the site's own origin, so that no two
//     sites ever run in one.
//   - localhost is the console's; addresses written as a path (/wtp/…,
//     /magnet:?…) redirect to the site's origin.
//   - Any other Host is refused (421), which is what stops DNS rebinding.
//
// While peers are sought a person's navigation is answered at once with a page
// that shows live progress and becomes the site by itself; everything else waits
// for the bytes, and gets an honest 504 when none came in time.
//
// What may not happen is decided here too. Only top-level navigations may come
// from other origins (Fetch Metadata), so that no page learns which sites a
// person has. An app's origin carries a Content-Security-Policy and a
// Connection-Allowlist on every response, and is shown only in the shell.
// Paths under /.kith/ belong to the gateway on every site's origin, which hands
// those that are not its own to Options.Reserved and Options.Apps.
//
// The package knows no engine and no site manager: Sites is what it needs of
// them. Specifications: RFC 9110 (semantics, ranges, conditional requests), RFC
// 8246 (immutable), IPFS web redirects file, W3C Fetch Metadata.
package gateway
