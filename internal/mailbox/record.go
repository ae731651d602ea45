package mailbox

import (
	"encoding/binary"
	"errors"
)

// MaxMessage is the most octets of a WebSocket message (spec §2).
const MaxMessage = 1 << 20

// HeadSize is what a record adds to its payload.
const HeadSize = 1 + 4 + 4

// Type says what a record is.
type Type uint8

// Records of a client (spec §2.1) and of a relay (spec §2.2).
const (
	Hello  Type = 1
	Prove  Type = 2
	New    Type = 3
	Sub    Type = 4
	Credit Type = 5
	Put    Type = 6
	Ack    Type = 7
	Back   Type = 8
	Lock   Type = 9
	Del    Type = 10
	Push   Type = 11
	Ticket Type = 12
	Ping   Type = 13

	Welcome Type = 129
	OK      Type = 130
	No      Type = 131
	Wait    Type = 132
	Msg     Type = 133
	Moved   Type = 134
)

// ErrMalformed is the error for octets that are not what they should be.
var ErrMalformed = errors.New("not a record of mailboxes")

// Record is one of those in a message. Payload points into the message.
type Record struct {
	Type    Type
	Tag     uint32
	Payload []byte
}

// Next takes the first record of a message and returns what follows it.
func Next(message []byte) (r Record, rest []byte, err error) {
	if len(message) < HeadSize {
		return r, nil, ErrMalformed
	}
	n := binary.BigEndian.Uint32(message[5:])
	if uint64(n) > uint64(len(message)-HeadSize) {
		return r, nil, ErrMalformed
	}
	end := HeadSize + int(n)
	return Record{
		Type: Type(message[0]), Tag: binary.BigEndian.Uint32(message[1:]), Payload: message[HeadSize:end:end],
	}, message[end:], nil
}

// Append adds a record whose payload is all parts together.
func Append(b []byte, t Type, tag uint32, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b = append(b, byte(t))
	b = binary.BigEndian.AppendUint32(b, tag)
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
