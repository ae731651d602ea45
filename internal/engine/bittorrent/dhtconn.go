package bittorrent

import (
	"errors"
	"net"

	"github.com/anacrolix/dht/v2/krpc"
	"github.com/anacrolix/torrent/bencode"
)

// wellFormed hands on packets that are messages of the DHT. The library writes
// each other one to standard error, whole: whoever sends many would fill the disk
// of whoever keeps that.
type wellFormed struct{ net.PacketConn }

// ReadFrom reads the next message.
func (w wellFormed) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := w.PacketConn.ReadFrom(p)
		if err != nil || isMessage(p[:n]) {
			return n, from, err
		}
	}
}

func isMessage(packet []byte) bool {
	if len(packet) == 0 || packet[0] != 'd' {
		return false
	}
	var m krpc.Msg
	err := bencode.Unmarshal(packet, &m)
	var trailing bencode.ErrUnusedTrailingBytes
	return err == nil || errors.As(err, &trailing)
}
