// Package signal finds peers that live in browsers and connects to them: it
// announces torrents to WebSocket trackers in the way of WebTorrent, exchanges
// WebRTC offers and answers through them, and hands out the data channels as
// net.Conn.
//
// A Hub keeps one connection to each tracker, whatever the number of torrents,
// and reopens it when it breaks. It announces again and again, because trackers
// forget; it makes offers only while a swarm wants peers, because each costs a
// socket.
package signal
