// Package wire reads and writes the messages of the Open Screen Protocol: a type
// key as a variable-length integer (RFC 9000, section 16) and a CBOR value (RFC
// 8949), one after the other in a stream (network protocol, "Messages delivery
// using CBOR and QUIC streams").
//
// Peers are strangers. An item is measured while it is read and never grows past
// its limit; depth and the sizes of arrays and maps are bounded; a map with a
// key twice, text that is no UTF-8 and a field of the wrong type are errors.
// Fields that are not known are skipped, as the protocol wants extensions to be.
//
// What the messages mean, and when they may come, is package openscreen's.
package wire
