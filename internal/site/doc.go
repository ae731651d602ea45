// Package site keeps the sites of this node: which are known, open, pinned, in
// what mode they are shown, until when they are seeded and what is removed when
// space runs short.
//
// A Manager opens an address: its name is resolved, and the site is opened from
// the network that answers first. It stays open, and is served to peers, until
// it was not used for a while; a pinned or published site stays for good and is
// completed in the background. The least recently used of the others are removed
// when all sites together take more than the cache may. What the Manager knows
// survives restarts, and what is to be seeded is opened again.
//
// The package knows no network: engines open and store sites, a Resolver knows
// what names point at, and the gateway turns a Handle into HTTP.
package site
