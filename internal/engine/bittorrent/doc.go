// Package bittorrent is the engine for BitTorrent: it opens torrents as sites,
// publishes folders as torrents, and points mutable names (BEP 46) at them.
//
// Sites are fetched over TCP, uTP, WebRTC and from web seeds (BEP 19); peers are
// found by trackers (HTTP, UDP, WebSocket), the DHT (BEP 5), peer exchange
// (BEP 11) and the hints of a magnet link. The wire protocol is anacrolix/torrent;
// what surrounds it is ours, each part a package below this one:
//
//	metafile  reads and checks the info of a torrent (BEP 3, 47, 52), hostile as it may be
//	vault     keeps the pieces of one torrent: one sparse file, and the folder it was published from
//	signal    WebSocket trackers and WebRTC connections
//
// A reader that meets a piece which is not there asks for it first and for those
// behind it next; pieces that are there are read straight from the file. Nothing
// unverified is ever read or served.
//
// A torrent of one file shows as a folder with that file in it; a torrent whose
// files share one top folder shows that folder's content. Pad files are hidden.
//
// The package leaves to others which sites to keep and for how long, and which
// name means which torrent.
package bittorrent
