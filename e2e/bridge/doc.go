// Package bridge runs one Kith node between peers that cannot reach each other:
// browsers over WebTransport and WebRTC, ordinary BitTorrent programs over TCP.
// All of them meet by one 'kith relay'.
package bridge
