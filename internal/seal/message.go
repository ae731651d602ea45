package seal

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/kith-web/kith/internal/fault"
)

// MessageKind is what a message is about (spec §5.2).
type MessageKind uint8

// The kinds of messages.
const (
	Confirm   MessageKind = 1
	Keys      MessageKind = 2
	Ask       MessageKind = 3
	Answer    MessageKind = 4
	Changed   MessageKind = 5
	Purge     MessageKind = 6
	Purged    MessageKind = 7
	Where     MessageKind = 8
	Queues    MessageKind = 9
	Rekey     MessageKind = 10
	Rekeyed   MessageKind = 11
	Bye       MessageKind = 12
	Unknown   MessageKind = 13
	Contexts  MessageKind = 14
	Meet      MessageKind = 15
	Rosters   MessageKind = 20
	Items     MessageKind = 21
	Reconcile MessageKind = 22
	Reset     MessageKind = 23
)

// MessageID is 16 random octets; a message that is repeated keeps it.
type MessageID [16]byte

// Message is what an envelope holds.
type Message struct {
	Kind    MessageKind     `cbor:"1,keyasint"`
	ID      MessageID       `cbor:"2,keyasint"`
	Number  uint64          `cbor:"3,keyasint"`
	Sent    int64           `cbor:"4,keyasint"` // ms since 1970, by the sender's clock
	Expires int64           `cbor:"5,keyasint"`
	Body    cbor.RawMessage `cbor:"6,keyasint,omitempty"`
	Known   []ContextID     `cbor:"7,keyasint,omitempty"`
	Epoch   []byte          `cbor:"8,keyasint,omitempty"`
}

// Request is the body of Ask: HTTP's semantics, sealed (spec §5.3).
type Request struct {
	Method string            `cbor:"1,keyasint"`
	Path   string            `cbor:"2,keyasint"`
	Header map[string]string `cbor:"3,keyasint,omitempty"`
	Most   int64             `cbor:"4,keyasint,omitempty"` // octets of the body wanted at most
	Within int64             `cbor:"5,keyasint,omitempty"` // ms
}

// Response is the body of Answer.
type Response struct {
	To     MessageID         `cbor:"1,keyasint"`
	Status int               `cbor:"2,keyasint"`
	Header map[string]string `cbor:"3,keyasint,omitempty"`
	Body   []byte            `cbor:"4,keyasint,omitempty"`
	Chunks *Chunks           `cbor:"5,keyasint,omitempty"`
}

// Chunks says where a body is that does not fit into a message.
type Chunks struct {
	Key  []byte     `cbor:"1,keyasint"`
	Size int64      `cbor:"2,keyasint"`
	Each int64      `cbor:"3,keyasint"`
	At   []ChunkRef `cbor:"4,keyasint"`
}

// ChunkRef names one chunk on a relay (spec/mailbox.md §3).
type ChunkRef struct {
	Relay string `cbor:"1,keyasint"`
	ID    []byte `cbor:"2,keyasint"`
	Erase []byte `cbor:"3,keyasint"`
}

// Outgoing is a message that somebody wants sent: what person, library and
// exchange hand to one another. Number, Sent, Known and Epoch are filled in when
// it is sealed.
type Outgoing struct {
	To       RelationID
	Kind     MessageKind
	ID       MessageID // zero: a new one
	Body     any       // marshalled as CBOR; nil for none
	Lifetime int64     // ms; zero: the usual 7 days
	// Replaces makes this take the place of a message of the same kind to the same
	// relation that has not left yet (changed, where, keys).
	Replaces bool
}

// Bounds of a message.
const maxKnown = 256

// ParseMessage decodes the plaintext of an envelope.
func ParseMessage(plain []byte) (Message, error) {
	var m Message
	if err := Unmarshal(plain, &m); err != nil {
		return Message{}, fault.New(fault.Invalid, "message: %w", err)
	}
	switch {
	case m.Kind == 0:
		return Message{}, fault.New(fault.Invalid, "message without a kind")
	case m.ID == MessageID{}:
		return Message{}, fault.New(fault.Invalid, "message of kind %d without an id", m.Kind)
	case m.Expires < m.Sent:
		return Message{}, fault.New(fault.Invalid, "message %x ends before it was sent", m.ID)
	case len(m.Known) > maxKnown:
		return Message{}, fault.New(fault.Invalid, "message %x acknowledges %d contexts", m.ID, len(m.Known))
	case len(m.Epoch) != 0 && len(m.Epoch) != PublicSize:
		return Message{}, fault.New(fault.Invalid, "message %x brings an epoch key of %d octets", m.ID, len(m.Epoch))
	}
	return m, nil
}

// Decode decodes a message's body into v, which has the type of its kind.
func (m Message) Decode(v any) error {
	if err := Unmarshal(m.Body, v); err != nil {
		return fault.New(fault.Invalid, "body of message %x, kind %d: %w", m.ID, m.Kind, err)
	}
	return nil
}

// PurgeBody is the body of Purge, PurgedBody that of Purged.
type PurgeBody struct {
	ID    [16]byte `cbor:"1,keyasint"`
	Paths []string `cbor:"2,keyasint,omitempty"`
	All   bool     `cbor:"3,keyasint,omitempty"`
}

// PurgedBody says that a purge was done.
type PurgedBody struct {
	ID      [16]byte `cbor:"1,keyasint"`
	Nothing bool     `cbor:"2,keyasint,omitempty"` // there was nothing of it
}

// WhereBody is the body of Where: mailboxes of the device that sent it.
type WhereBody struct {
	At    []Place `cbor:"1,keyasint"`
	Until int64   `cbor:"2,keyasint"` // ms since 1970
}

// Place is a mailbox's address and the hash of its certificate.
type Place struct {
	URL         string `cbor:"1,keyasint"`
	Certificate []byte `cbor:"2,keyasint"`
}

// SharedContext is an element of the body of Contexts: a context that another own
// device can open too when it is told (spec §5.1).
type SharedContext struct {
	Relation RelationID `cbor:"1,keyasint"`
	Epoch    EpochID    `cbor:"2,keyasint"`
	Enc      []byte     `cbor:"3,keyasint"`
}
