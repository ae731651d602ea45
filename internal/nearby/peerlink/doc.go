// Package peerlink carries the connections of web apps between devices: it is the
// page.Network that runs over sessions of package openscreen. The protocol is in
// spec/local-peer-to-peer.md, section 3.
//
// A connection is a transport of the protocol lp2p/1. Its first stream, opened by
// the side that asks, says which app is meant and later that a transport is
// wanted; every other stream is a data channel of the Local Peer-to-Peer API. An
// LP2PQuicTransport is a transport of its own, lp2p-transport/1, whose first
// stream says which connection it belongs to.
//
// Sessions, and with whom there may be any, are those of package nearby; whether
// an app may be reached is for package page, and the person, to say.
package peerlink
