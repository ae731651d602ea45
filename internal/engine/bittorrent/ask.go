package bittorrent

import (
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"
	pp "github.com/anacrolix/torrent/peer_protocol"
)

// The wire library asks a peer for the info dictionary once, if the peer says in
// its first message that it has it. A peer that gets it later has no way to say
// so (BEP 9), and one that refused once may have it now. So everybody is asked
// again while it is missing. Those who have it answer with its size.
const askEvery = 2 * time.Second

// askAgain runs until the dictionary is there.
func (s *site) askAgain() {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.ready:
			return
		case <-s.failed:
			return
		case <-tick.C:
		}
		for _, pc := range s.t.PeerConns() {
			if !s.exchange.waits(pc) {
				s.ask(pc)
			}
		}
	}
}

// ask asks a peer for the parts that it did not send.
func (s *site) ask(pc *torrent.PeerConn) {
	for _, i := range s.exchange.absent(pc) {
		m := bencode.MustMarshal(map[string]int{"msg_type": int(pp.RequestMetadataExtensionMsgType), "piece": i})
		if pc.WriteExtendedMessage(pp.ExtensionNameMetadata, m) != nil {
			return // it does not know of this
		}
	}
}

// waits says whether a part from the peer came since the last time it was called,
// or the peer was asked since.
func (x *exchange) waits(pc *torrent.PeerConn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.from[pc]
	if c == nil || c.waited {
		return false
	}
	c.waited = true
	return true
}

// absent is the parts that a peer did not send: the first one, if it did not say
// how many there are.
func (x *exchange) absent(pc *torrent.PeerConn) []int {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.from[pc]
	if c == nil {
		return []int{0}
	}
	var out []int
	for i, part := range c.parts {
		if part == nil {
			out = append(out, i)
		}
	}
	return out
}
