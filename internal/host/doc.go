// Package host serves chosen sites to the public: to browsers with nothing
// installed, to curl and link previews, and to clients of BitTorrent and IPFS.
//
// It serves no files of its own accord. A Host decides by the Host header which
// of its sites a request is for, and hands it to a gateway under the name
// <label>.localhost; the response is wrapped on its way out. A browser that
// navigates gets the loader in its page (package inject), by which visitors
// become each other's peers; everybody else gets the exact bytes.
//
// Below /.kith/ of every site's origin a visitor's runtime finds what it needs:
//
//	site            what the site is: Info
//	index/<id>      by which every piece is verified: engine.Index.Data
//	piece/<id>/<i>  one piece
//	ice             STUN and TURN servers for RTCPeerConnection
//	tracker         where peers meet (WebSocket); announce and scrape by HTTP
//	seed/<name>/…   the files of a torrent as its web seed (BEP 19)
//	loader.js, runtime.js, worker.js, served, …  the runtime itself
//
// and below /ipfs/ the blocks of its sites, for clients that verify (the
// trustless gateway specification).
//
// Only the sites it was given are served. A domain of somebody's own leads to one
// of them when its DNSLink or wtpkey does; certificates are obtained for no
// other names.
//
// The package leaves opening sites to a site manager, meeting to a tracker, and
// listening to Server. Specifications: RFC 9110, RFC 9111, BEP 19, Fetch
// Metadata, Service Workers, the IPFS trustless gateway specification.
package host
