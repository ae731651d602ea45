// Package openscreen speaks the W3C Open Screen Protocol (network part) and the
// wire part of the WICG Local Peer-to-Peer API: agents on one network find each
// other by mDNS and DNS-SD, connect by QUIC with certificates of their own,
// agree that they are who the people before them think (SPAKE2 with a code
// that is shown on one device and typed on the other), and then exchange data
// channels and transports.
//
// An [Agent] is this device. It yields [Device] values for what it finds, and a
// [Session] for each connection, dialled or accepted. A session carries nothing
// until both sides know each other: from before ([Options].Known), or by
// [Session.Authenticate]. After that either side opens a [DataChannel] (whole
// messages) or a [Transport] (streams and datagrams, named by a protocol).
//
// What the specifications leave open or contradict is decided in
// spec/open-screen.md and spec/local-peer-to-peer.md; comments name the sections.
//
// The package is written to be lifted out as a library: it knows nothing of
// sites, homes or consoles. Who is known, what a person is asked, which web page
// may do what, and where the identity is kept, is its caller's business.
package openscreen
