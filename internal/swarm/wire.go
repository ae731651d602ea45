package swarm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The messages (BEP 3, BEP 6, BEP 10).
const (
	msgChoke         = 0
	msgUnchoke       = 1
	msgInterested    = 2
	msgNotInterested = 3
	msgHave          = 4
	msgBitfield      = 5
	msgRequest       = 6
	msgPiece         = 7
	msgCancel        = 8
	msgSuggest       = 13
	msgHaveAll       = 14
	msgHaveNone      = 15
	msgReject        = 16
	msgAllowedFast   = 17
	msgExtended      = 20
)

const (
	protocol      = "\x13BitTorrent protocol"
	handshakeSize = 68
	// maxOther is the longest message that is no bitfield.
	maxOther = 16 << 10
)

// Bits of the handshake's reserved octets.
const (
	extendedAt, extendedBit = 5, 0x10 // BEP 10
	fastAt, fastBit         = 7, 0x04 // BEP 6
)

// handshake is the first thing a peer says.
type handshake struct {
	swarm, peer    [20]byte
	fast, extended bool
}

func (h handshake) encode() []byte {
	b := make([]byte, 0, handshakeSize)
	b = append(b, protocol...)
	var reserved [8]byte
	if h.extended {
		reserved[extendedAt] |= extendedBit
	}
	if h.fast {
		reserved[fastAt] |= fastBit
	}
	b = append(b, reserved[:]...)
	b = append(b, h.swarm[:]...)
	return append(b, h.peer[:]...)
}

// readHandshake reads what a peer says first.
func readHandshake(r io.Reader) (h handshake, err error) {
	var b [handshakeSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, err
	}
	at := len(protocol)
	if string(b[:at]) != protocol {
		return h, errors.New("this is not the BitTorrent protocol")
	}
	h.extended, h.fast = b[at+extendedAt]&extendedBit != 0, b[at+fastAt]&fastBit != 0
	copy(h.swarm[:], b[at+8:])
	copy(h.peer[:], b[at+28:])
	return h, nil
}

// message is one message; a keep-alive has no kind.
type message struct {
	keepAlive bool
	kind      byte
	body      []byte // good until the next one is read
}

// reader reads the messages of a peer.
type reader struct {
	r      io.Reader
	pieces int
	buf    []byte
}

// next reads a message. Its length is checked before room is made for it.
func (r *reader) next() (m message, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:4]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n == 0 {
		return message{keepAlive: true}, nil
	}
	if _, err := io.ReadFull(r.r, head[4:]); err != nil {
		return m, err
	}
	m.kind = head[4]
	if want, fixed := r.length(m.kind); fixed && n-1 != want || n-1 > want {
		return m, fmt.Errorf("a message of kind %d and %d octets", m.kind, n)
	}
	if int(n-1) > cap(r.buf) {
		r.buf = make([]byte, n-1)
	}
	m.body = r.buf[:n-1]
	_, err = io.ReadFull(r.r, m.body)
	return m, err
}

// length is how long the body of a message is: exactly, or at most. Blocks are
// not asked for, so none may come.
func (r *reader) length(kind byte) (n uint32, fixed bool) {
	switch kind {
	case msgChoke, msgUnchoke, msgInterested, msgNotInterested, msgHaveAll, msgHaveNone:
		return 0, true
	case msgHave, msgSuggest, msgAllowedFast:
		return 4, true
	case msgRequest, msgCancel, msgReject:
		return 12, true
	case msgBitfield:
		return uint32((r.pieces + 7) / 8), true
	case msgPiece:
		return 0, true
	}
	return maxOther, false
}

// block is a part of a piece.
type block struct{ piece, begin, length uint32 }

func readBlock(body []byte) block {
	return block{binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:]), binary.BigEndian.Uint32(body[8:])}
}

// begin starts a message with so many octets of body.
func begin(kind byte, body int) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 5+body), uint32(1+body)), kind)
}

func simple(kind byte) []byte { return begin(kind, 0) }

func (b block) message(kind byte) []byte {
	m := binary.BigEndian.AppendUint32(begin(kind, 12), b.piece)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(m, b.begin), b.length)
}

func haveMessage(i int) []byte { return binary.BigEndian.AppendUint32(begin(msgHave, 4), uint32(i)) }

// pieceMessage carries a block; data is the whole piece.
func (b block) pieceMessage(data []byte) []byte {
	m := binary.BigEndian.AppendUint32(begin(msgPiece, 8+int(b.length)), b.piece)
	return append(binary.BigEndian.AppendUint32(m, b.begin), data[b.begin:b.begin+b.length]...)
}

// extendedMessage is the extension handshake (BEP 10). No extension is spoken.
func extendedMessage(client string, requests int) []byte {
	d := fmt.Sprintf("d1:mde4:reqqi%de1:v%d:%se", requests, len(client), client)
	return append(append(begin(msgExtended, 1+len(d)), 0), d...)
}
