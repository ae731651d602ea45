// Package page is the node's side of the Local Peer-to-Peer API: what
// /.kith/lp2p.js in a page says over a WebSocket is done here, and what devices
// nearby want of pages arrives here. The protocol of the WebSocket is in
// spec/local-peer-to-peer.md, section 4.
//
// A Server holds the sockets of all pages. Each belongs to an App: the canonical
// address of a site, or an origin of the web that the person connected. An app
// talks to the same app on the other device and to no other. Nothing that
// concerns devices leaves the Server for a page before package consent says that
// the person agreed; until then a page's request and its receiver are silent.
//
// How a connection gets to the other device is behind the Network interface; its
// one implementation runs over transports of package openscreen and is in package
// peerlink. Pages are told apart and let in by package gateway (sites) and by
// package api (other origins).
package page
