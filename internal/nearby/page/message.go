package page

import (
	"encoding/binary"
	"encoding/json"

	"github.com/kith-web/kith/internal/fault"
)

// subprotocol is the WebSocket subprotocol of this version.
const subprotocol = "kith-lp2p-1"

// The kinds of binary frames besides the encodings of messages.
const (
	frameStream   = 3
	frameDatagram = 4
)

// frameHead is how many octets stand before the payload of a binary frame: the
// kind, and the number of what it is for.
const frameHead = 5

// maxText is how many octets a text frame of a page may have: two labels of
// 65535 octets, escaped.
const maxText = 1 << 20

// command is what a page says.
type command struct {
	Op         string `json:"op"`
	ID         uint32 `json:"id"`
	Nickname   string `json:"nickname"`
	Device     string `json:"device"`
	Choose     bool   `json:"choose"`
	Connection uint32 `json:"connection"`
	Transport  uint32 `json:"transport"`
	Label      string `json:"label"`
	Protocol   string `json:"protocol"`
	Channel    *int   `json:"channel"`
	Bidi       bool   `json:"bidi"`
	Code       uint32 `json:"code"`
	Reason     string `json:"reason"`
	Bytes      int    `json:"bytes"`
}

func readCommand(data []byte) (c command, err error) {
	if len(data) > maxText {
		return c, fault.New(fault.TooLarge, "a command of %d octets", len(data))
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fault.New(fault.Invalid, "a command cannot be read: %w", err)
	}
	return c, nil
}

// frame is a binary frame of a page.
type frame struct {
	kind    byte
	id      uint32
	payload []byte
}

func readFrame(data []byte) (frame, error) {
	if len(data) < frameHead {
		return frame{}, fault.New(fault.Invalid, "a frame of %d octets", len(data))
	}
	f := frame{kind: data[0], id: binary.BigEndian.Uint32(data[1:]), payload: data[frameHead:]}
	if f.kind > frameDatagram {
		return frame{}, fault.New(fault.Invalid, "a frame of kind %d", f.kind)
	}
	return f, nil
}

// news is what the node says.
type news struct {
	Op         string   `json:"op"`
	ID         uint32   `json:"id,omitempty"`
	Version    int      `json:"version,omitempty"`
	Console    string   `json:"console,omitempty"`
	Limits     *limits  `json:"limits,omitempty"`
	Source     uint32   `json:"source,omitempty"`
	Nickname   *string  `json:"nickname,omitempty"`
	Device     string   `json:"device,omitempty"`
	Connection uint32   `json:"connection,omitempty"`
	Transport  uint32   `json:"transport,omitempty"`
	Label      *string  `json:"label,omitempty"`
	Protocol   *string  `json:"protocol,omitempty"`
	Channel    *int     `json:"channel,omitempty"`
	Bidi       *bool    `json:"bidi,omitempty"`
	Code       *uint32  `json:"code,omitempty"`
	Reason     *string  `json:"reason,omitempty"`
	Name       string   `json:"name,omitempty"`
	Message    string   `json:"message,omitempty"`
	Bytes      int      `json:"bytes,omitempty"`
	Devices    *[]known `json:"devices,omitempty"`
}

// limits are what a page may do.
type limits struct {
	Sources    int `json:"sources"`
	Channels   int `json:"channels"`
	Transports int `json:"transports"`
	Streams    int `json:"streams"`
	Message    int `json:"message"`
	Datagram   int `json:"datagram"`
	Window     int `json:"window"`
}

// known is a device that the person lets an app reach, by a name of its own for
// each app.
type known struct {
	Device string `json:"device"`
	Name   string `json:"name"`
}

// The names of DOMExceptions that a page gets.
const (
	nameQuota   = "QuotaExceededError"
	nameNetwork = "NetworkError"
	nameUnknown = "NotFoundError"
	nameBusy    = "OperationError"
)
