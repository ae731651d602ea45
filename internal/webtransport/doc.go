// Package webtransport lets browsers reach this node as a BitTorrent peer over
// WebTransport (https://www.w3.org/TR/webtransport/), which moves bytes ten times
// as fast as WebRTC.
//
// A Listener accepts sessions at /bittorrent on one UDP port. Every
// bidirectional stream that a browser opens in a session is one connection of
// the BitTorrent peer protocol, on which the browser speaks first: the Listener
// reads as much of the handshake (BEP 3) as names the swarm, finds the receiver
// that knows the swarm, and hands the stream over as a net.Conn with nothing
// missing. What happens on it is the receivers' business.
//
// Browsers trust the certificate by its hash (serverCertificateHashes, WebTransport
// §6.9), which asks for ECDSA on P-256 and at most fourteen days. Certificates
// are kept over restarts; the next one is always made before the one in use is
// replaced, so that a hash which was published is good for a week at least.
//
// Any page may connect, whatever its origin: what peers get is public. What one
// address may cost is bounded instead.
package webtransport
