// Package swarm serves indices to peers over the BitTorrent peer protocol: IPFS
// sites and fronts, whose pieces no BitTorrent program knows, and anything else
// that is an engine.Piecer.
//
// A Server takes connections that somebody else accepted and whose handshake
// names one of its swarms. It speaks BEP 3 with the fast extension (BEP 6) and
// the extension handshake (BEP 10), gives pieces that are on disk and were
// verified just before, and takes nothing: peers fetch from it, the engines fetch
// from theirs. Piece i is the i-th of the index; pieces differ in length.
//
// So many peers of a swarm are served at once, the others wait their turn. What
// peers say is bounded before memory is spent on it.
package swarm
