package peerlink

import (
	"encoding/binary"
	"encoding/json"
	"io"

	"github.com/kith-web/kith/internal/fault"
)

// maxMessage is how many octets a message of a first stream may have.
const maxMessage = 16 << 10

// message is what is said on the first stream of a transport: a greeting and its
// answer, and later Want.
type message struct {
	// App is the canonical address or the origin of the app that is meant.
	App      string `json:"app,omitempty"`
	Nickname string `json:"nickname,omitempty"`
	// Connection is a name for the connection, chosen by the side that asks.
	Connection string `json:"connection,omitempty"`
	// Accepted says that a page took a transport.
	Accepted bool `json:"accepted,omitempty"`
	// Want asks the side that dials to open a transport.
	Want bool `json:"want,omitempty"`
}

// writeMessage writes m with its length before it.
func writeMessage(w io.Writer, m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(body) > maxMessage {
		return fault.New(fault.TooLarge, "a message of %d octets", len(body))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

func readMessage(r io.Reader) (m message, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return m, fault.New(fault.TooLarge, "a message of %d octets", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fault.New(fault.Invalid, "a message cannot be read: %w", err)
	}
	return m, nil
}
