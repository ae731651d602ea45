package seal

import "github.com/fxamacker/cbor/v2"

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
