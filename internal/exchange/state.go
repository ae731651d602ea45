package exchange

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// What a Core keeps, by the prefix of its key in Local. Times are milliseconds by
// this device's clock.
const (
	atJob     = "job/"     // number
	atSend    = "send/"    // relation / queue
	atReceive = "receive/" // relation / context
	atSeen    = "seen/"    // relation / message id
	atState   = "state/"   // relation
	atAsk     = "ask/"     // message id
	atLast    = "last"     // number up to which jobs may have been numbered
)

// job is something to be sent or done until a mailbox has accepted it, and a
// message until its context is acknowledged.
type job struct {
	Number  Job              `cbor:"1,keyasint"`
	To      seal.RelationID  `cbor:"2,keyasint"`
	Kind    seal.MessageKind `cbor:"3,keyasint,omitempty"`
	ID      seal.MessageID   `cbor:"4,keyasint"`
	Body    seal.Raw         `cbor:"5,keyasint,omitempty"`
	Sent    int64            `cbor:"6,keyasint"`
	Expires int64            `cbor:"7,keyasint"`
	// Replaces is Outgoing's.
	Replaces bool `cbor:"8,keyasint,omitempty"`
	// After are jobs that have to be done before this one is begun; Behind those
	// that have to have been tried.
	After  []Job `cbor:"9,keyasint,omitempty"`
	Behind []Job `cbor:"10,keyasint,omitempty"`
	// Device is the context of the device that a response is for.
	Device seal.ContextID `cbor:"11,keyasint"`
	// Kept are the contexts in which mailboxes accepted it.
	Kept []seal.ContextID `cbor:"12,keyasint,omitempty"`

	Raw    *seal.RawPut   `cbor:"13,keyasint,omitempty"`
	Create *seal.NewQueue `cbor:"14,keyasint,omitempty"`
	Lock   *seal.NewLock  `cbor:"15,keyasint,omitempty"`
	Delete *seal.Mailbox  `cbor:"16,keyasint,omitempty"`

	run running
}

// sending is a send context and how far its numbers are reserved.
type sending struct {
	Context  seal.SendContext `cbor:"1,keyasint"`
	Reserved uint64           `cbor:"2,keyasint"`
	Acked    bool             `cbor:"3,keyasint,omitempty"`

	next uint64
}

// receiving is a context of the other side.
type receiving struct {
	Context seal.ReceiveContext `cbor:"1,keyasint"`
	Highest uint64              `cbor:"2,keyasint"`
	Window  []byte              `cbor:"3,keyasint"`
	Used    int64               `cbor:"4,keyasint"`
	// Share are the jobs that tell own devices of it: it is acknowledged after.
	Share []Job `cbor:"5,keyasint,omitempty"`
	// Quiet says that own devices were not told, so that it is not acknowledged.
	Quiet bool `cbor:"6,keyasint,omitempty"`

	told int64 // when it was last acknowledged
}

// seen is a message that was handled.
type seen struct {
	At     int64 `cbor:"1,keyasint"`
	Sent   int64 `cbor:"2,keyasint"`
	Answer Job   `cbor:"3,keyasint,omitempty"` // of a request
}

// state is what is known of a relation otherwise.
type state struct {
	Heard int64 `cbor:"1,keyasint,omitempty"` // when something last came
	// Used are the own epochs that the other side has sealed to, and since when.
	Used map[seal.EpochID]int64 `cbor:"2,keyasint,omitempty"`
	// Share are the jobs that tell own devices of the epoch Sharing: it is
	// announced after.
	Sharing  seal.EpochID `cbor:"4,keyasint"`
	Share    []Job        `cbor:"5,keyasint,omitempty"`
	Told     int64        `cbor:"6,keyasint,omitempty"` // when the epoch was last announced
	KeysSent int64        `cbor:"7,keyasint,omitempty"` // the other side's clock when it told its epoch
	// Places are direct mailboxes, by the contexts that told of them.
	Places map[seal.ContextID]places `cbor:"8,keyasint,omitempty"`
	// Rolled says that the other side used a number twice: it was restored.
	Rolled int64 `cbor:"9,keyasint,omitempty"`
	// Welcomed says that this own device was told of all contexts.
	Welcomed bool `cbor:"10,keyasint,omitempty"`
	// Newest is the newest own epoch and Since when this device knows it; Old are
	// superseded ones and since when it knows that. What other devices wrote of it
	// was by other clocks.
	Newest seal.EpochID           `cbor:"12,keyasint"`
	Since  int64                  `cbor:"13,keyasint,omitempty"`
	Old    map[seal.EpochID]int64 `cbor:"14,keyasint,omitempty"`
	// Forgot says that there were more messages than ids are kept of: numbers
	// count too.
	Forgot bool `cbor:"11,keyasint,omitempty"`

	run relating
}

type places struct {
	At    []seal.Place `cbor:"1,keyasint"`
	Until int64        `cbor:"2,keyasint"`
}

// ask is a request of this device.
type ask struct {
	To      seal.RelationID `cbor:"1,keyasint"`
	Request seal.Request    `cbor:"2,keyasint"`
	Made    int64           `cbor:"3,keyasint"`
	Expires int64           `cbor:"4,keyasint"`
	Sent    int64           `cbor:"5,keyasint"`
	Repeats int             `cbor:"6,keyasint,omitempty"`
	Answer  *seal.Response  `cbor:"7,keyasint,omitempty"`
	// Over says that nobody waits for it any more: it is remembered for what
	// still comes of it.
	Over bool `cbor:"8,keyasint,omitempty"`
}

func (j *job) key() string { return fmt.Sprintf("%s%016x", atJob, uint64(j.Number)) }

func sendKey(r seal.RelationID, box boxID) string {
	return atSend + hex.EncodeToString(r[:]) + "/" + hex.EncodeToString(box[:])
}

func receiveKey(r seal.RelationID, c seal.ContextID) string {
	return atReceive + hex.EncodeToString(r[:]) + "/" + hex.EncodeToString(c[:])
}

func seenKey(r seal.RelationID, id seal.MessageID) string {
	return atSeen + hex.EncodeToString(r[:]) + "/" + hex.EncodeToString(id[:])
}

func stateKey(r seal.RelationID) string { return atState + hex.EncodeToString(r[:]) }
func askKey(id seal.MessageID) string   { return atAsk + hex.EncodeToString(id[:]) }

// boxID names a queue in this device's state.
type boxID [8]byte

// mostBoxes is how many names of queues are kept: making one is a derivation.
const mostBoxes = 8192

func (c *Core) boxOf(m seal.Mailbox) boxID {
	name, ok := c.boxes[string(m.Sender)]
	if !ok {
		id := seal.PutID(m, seal.ContextID{}, seal.MessageID{})
		if name = boxID(id[:8]); len(c.boxes) >= mostBoxes {
			clear(c.boxes)
		}
		c.boxes[string(m.Sender)] = name
	}
	return name
}

// split reads the two ids of a key such as "send/<relation>/<queue>".
func split(key, prefix string, first, second []byte) error {
	a, b, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
	for _, part := range []struct {
		text string
		into []byte
	}{{a, first}, {b, second}} {
		if len(part.text) != 2*len(part.into) {
			return fault.New(fault.Corrupt, "record %q has a name that nothing here gave", key)
		}
		if _, err := hex.Decode(part.into, []byte(part.text)); err != nil {
			return fault.New(fault.Corrupt, "record %q has a name that nothing here gave: %w", key, err)
		}
	}
	return nil
}
