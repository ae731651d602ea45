// Package spake2 is SPAKE2 (RFC 9382): two parties that share a short code make
// sure of each other, and whoever is in between or in the place of one of them
// can try one code per attempt and learns nothing else.
//
// [Edwards25519] is the suite of the Open Screen Protocol: edwards25519, SHA-256,
// HKDF, HMAC, and SHA-512 of the code. [P256Legacy] is what an early
// implementation speaks: P-256 with a SHA-256 of the code; it is also how the
// key schedule is held against the vectors of RFC 9382. What RFC and protocol
// leave open is in spec/open-screen.md, section 4.4; vectors are in
// spec/vectors/spake2-edwards25519.json.
//
// A value is good for one attempt. Limits on attempts are the caller's business.
package spake2
