// Package friends runs people with real nodes and real relays: they invite each
// other, share, ask while the other side is away, delete, and lose devices.
package friends
