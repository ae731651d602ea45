package bittorrent

import (
	"time"
	_ "unsafe" // for go:linkname

	"github.com/anacrolix/torrent"
)

// The goroutine of the wire library that writes to a peer looks for what to send,
// lets go of the lock, and only then begins to listen for what may change: a
// change in between (a piece read for the peer, a piece wanted from it) is not
// heard, and if it was the last one, the connection stands still for good.
// Nothing exported wakes that goroutine without sending something, so its own
// method is called now and then: often where something happens, seldom elsewhere.
// It costs no octet on the line.
const (
	wakeEvery = 50 * time.Millisecond
	// For wakeLong rounds after something happened at a site its writers are
	// woken in every round, later in one of wakeIdle.
	wakeLong = 40
	wakeIdle = 20
)

// tickle wakes the writer of a connection. The linker sees to it that the method
// exists, TestHybridByItsSecondName that it helps.
//
//go:linkname tickle github.com/anacrolix/torrent.(*PeerConn).tickleWriter
func tickle(*torrent.PeerConn)

// wakeWriters runs until the engine is closed.
func (e *Engine) wakeWriters() {
	tick := time.NewTicker(wakeEvery)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		for _, s := range e.snapshot() {
			s.wake()
		}
	}
}

// wake is a round; one goroutine calls it.
func (s *site) wake() {
	s.quiet++
	if s.stirred.Swap(false) {
		s.quiet = 0
	}
	if s.quiet > wakeLong && s.quiet%wakeIdle != 0 {
		return
	}
	for _, pc := range s.t.PeerConns() { // the library lists none before its writer runs
		tickle(pc)
	}
}
