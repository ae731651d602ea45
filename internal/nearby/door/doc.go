// Package door is a TCP port for devices that know each other: TLS 1.3 with the
// agent certificates of the Open Screen Protocol on both sides, where each side
// checks the other's fingerprint (SHA-256 of its SubjectPublicKeyInfo) and
// nothing else. What a connection is for is said by ALPN.
//
// Whom to let in is left to the handler of the protocol.
package door
