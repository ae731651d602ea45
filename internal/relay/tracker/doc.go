// Package tracker introduces the peers of a swarm to one another. One store of
// swarms stands behind three doors:
//
//   - HTTP: BEP 3 with compact answers (BEP 23), IPv6 (BEP 7), scrape (BEP 48),
//     the caller's own address (BEP 24) and "retry in" (BEP 31);
//   - UDP: BEP 15, IPv6 included, with connection ids that are cookies: the
//     tracker remembers nothing about who has not yet shown its address;
//   - WebSocket: the protocol of WebTorrent, in which the tracker carries
//     WebRTC offers to random peers of the swarm and their answers back.
//
// Peers of all doors count together. A peer behind a WebSocket has no address
// to hand out, so those of HTTP and UDP are given to one another, and so are
// those of WebSockets; a native peer that speaks WebRTC announces by both ways
// and bridges the two. It then counts twice, as a peer with IPv4 and IPv6 does.
//
// An address is always the one packets come from (or the one a trusted proxy
// names), never one that a parameter claims: else anyone could make a swarm
// attack a third party. All memory is bounded by Options; a swarm is forgotten
// when its last peer is.
//
// The package limits how much an address may ask (internal/relay/guard). It
// leaves listening, TLS and draining to internal/relay.
package tracker
