// Package guard tells who is asking and how much they may ask: rates and
// counts per address, in memory that floods cannot make grow, and the address
// of a client behind proxies that are trusted.
//
// An IPv6 client usually holds a whole /64, so there the /64 is what counts.
package guard
