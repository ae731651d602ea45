package bittorrent

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
	pp "github.com/anacrolix/torrent/peer_protocol"
	"github.com/anacrolix/torrent/storage"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/fault"
)

// The exchange of the info dictionary (BEP 9). The wire library asks peers for
// it and would read what comes before it knows whether it is the right one, with
// a decoder that overflows the stack on deep nesting: any peer could end the
// program. So what comes is collected here, each peer's apart, and the library
// is told that the peer refused. What has the right hash and passes the checks
// is then given to it.
const (
	metadataPart   = 16 << 10
	metadataBudget = 64 << 20 // octets in collections of one site
)

// rejected is the message (BEP 9) put in place of one that carried data.
const rejected = "d8:msg_typei2e5:piecei0ee"

// collection is what came from one peer.
type collection struct {
	parts  [][]byte
	left   int
	size   int
	waited bool // since a part came, for a round of ask
}

// exchange collects for one site.
type exchange struct {
	mu    sync.Mutex
	from  map[*torrent.PeerConn]*collection
	bytes int
}

// offered notes what size a peer says the dictionary has. It reports whether the
// peer shall be asked.
func (x *exchange) offered(pc *torrent.PeerConn, size, limit int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if size <= 0 || x.bytes+size > metadataBudget || x.from[pc] != nil {
		return false
	}
	if x.from == nil {
		x.from = map[*torrent.PeerConn]*collection{}
	}
	if size > limit {
		x.from[pc] = &collection{} // of nothing: it is not asked
		return false
	}
	n := (size + metadataPart - 1) / metadataPart
	x.from[pc] = &collection{parts: make([][]byte, n), left: n, size: size}
	x.bytes += size
	return true
}

// forget drops what came from a peer that left.
func (x *exchange) forget(pc *torrent.PeerConn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.from[pc]; c != nil {
		x.bytes -= c.size
		delete(x.from, pc)
	}
}

// take takes part i from a peer and returns the whole when it is there.
func (x *exchange) take(pc *torrent.PeerConn, i int, data []byte) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.from[pc]
	if c == nil || i < 0 || i >= len(c.parts) || c.parts[i] != nil ||
		len(data) != min(metadataPart, c.size-i*metadataPart) {
		return nil
	}
	c.parts[i], c.waited = bytes.Clone(data), false
	if c.left--; c.left > 0 {
		return nil
	}
	x.bytes -= c.size
	delete(x.from, pc)
	return bytes.Join(c.parts, nil)
}

// onHandshake decides whether a peer is asked for the dictionary.
func (e *Engine) onHandshake(pc *torrent.PeerConn, m *pp.ExtendedHandshakeMessage) {
	s := e.siteOf(pc.Torrent())
	if s == nil || s.isReady() || !s.exchange.offered(pc, m.MetadataSize, e.o.Limits.MaxMetadata) {
		m.MetadataSize = 0 // the library does not ask then
	}
}

// onExtension takes messages of BEP 9 that carry data.
func (e *Engine) onExtension(ev torrent.PeerConnReadExtensionMessageEvent) {
	if ev.ExtensionNumber == pp.HandshakeExtendedID || len(ev.Payload) < len(rejected) {
		return
	}
	name, _, err := ev.PeerConn.LocalLtepProtocolMap.LookupId(ev.ExtensionNumber)
	if err != nil || name != pp.ExtensionNameMetadata {
		return
	}
	var m pp.ExtendedMetadataRequestMsg
	var trailing bencode.ErrUnusedTrailingBytes
	if err := bencode.Unmarshal(ev.Payload, &m); err != nil && !errors.As(err, &trailing) {
		return // the library hangs up on it
	}
	if m.Type != pp.DataMetadataExtensionMsgType {
		return
	}
	var data []byte
	if n := m.PieceSize(); n > 0 && n < len(ev.Payload) {
		data = bytes.Clone(ev.Payload[len(ev.Payload)-n:])
	}
	clear(ev.Payload)
	copy(ev.Payload, rejected)
	s := e.siteOf(ev.PeerConn.Torrent())
	if s == nil || s.isReady() {
		return
	}
	fresh := s.exchange.offered(ev.PeerConn, m.TotalSize, e.o.Limits.MaxMetadata)
	if info := s.exchange.take(ev.PeerConn, m.Piece, data); info != nil {
		go s.received(ev.PeerConn, info)
	} else if fresh { // it had none when it connected
		go s.ask(ev.PeerConn)
	}
}

// received takes an info dictionary from a peer.
func (s *site) received(pc *torrent.PeerConn, info []byte) {
	if !hasHash(s.key, info) {
		_ = pc.Close() // a liar
		return
	}
	m, err := metafile.ParseInfo(info, s.e.o.Limits)
	if err == nil && !matches(s.key, m) {
		err = fault.New(fault.Corrupt, "the torrent's version is not that of its address")
	}
	if err != nil {
		s.fail(fault.New(fault.KindOf(err), "%v cannot be opened: %w", s.addr, err))
		return
	}
	s.mu.Lock()
	t := &metafile.Torrent{Meta: m, Trackers: s.trackers, WebSeeds: s.webSeeds}
	s.mu.Unlock()
	if err := s.learn(t); err != nil {
		s.fail(err)
	}
}

// refusing is the storage of torrents that were never checked: none.
type refusing struct{}

// OpenTorrent implements storage.ClientImpl.
func (refusing) OpenTorrent(context.Context, *metainfo.Info, metainfo.Hash) (storage.TorrentImpl, error) {
	return storage.TorrentImpl{}, errors.New("the torrent was not checked")
}
