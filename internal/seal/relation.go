package seal

// RelationID names a relation on both of its sides and nowhere else.
type RelationID [16]byte

// EpochID is the beginning of the hash of an epoch's public key.
type EpochID [8]byte

// ContextID is the beginning of the hash of a context's encapsulation.
type ContextID [8]byte

// DeviceID names a device among its person's devices.
type DeviceID [8]byte

// Side tells the two directions of a relation apart (spec §3.2).
type Side uint8

// Kind is what two parties are to each other.
type Kind uint8

// The kinds of relations and invitations.
const (
	Friend    Kind = 1
	OwnDevice Kind = 2
)

// Mailbox is one queue of a relation on one relay. As an inbox it has both
// seeds; as an outbox only the sender's.
type Mailbox struct {
	Relay     string `cbor:"1,keyasint"`
	Sender    []byte `cbor:"2,keyasint,omitempty"` // Ed25519 seed
	Recipient []byte `cbor:"3,keyasint,omitempty"` // Ed25519 seed
	// Lock is the seed of the key that replaced the sender's (LOCK of
	// spec/mailbox.md §2.1); the queue's SID stays that of Sender.
	Lock []byte `cbor:"4,keyasint,omitempty"`
}

// Secret is a private key of X-Wing: the 32 octets it is derived from.
type Secret []byte

// Relation is what all devices of one side know of a relation (spec §3). What a
// single device knows, its contexts, is internal/exchange's.
type Relation struct {
	ID   RelationID `cbor:"1,keyasint"`
	Kind Kind       `cbor:"2,keyasint"`
	Side Side       `cbor:"3,keyasint"` // the direction of what this side sends: 1 or 2
	Root []byte     `cbor:"4,keyasint"` // the root secret

	Notice     Secret `cbor:"5,keyasint"` // own notice key
	PeerNotice []byte `cbor:"6,keyasint"` // the other side's, public
	Pairwise   []byte `cbor:"7,keyasint,omitempty"`
	PeerKey    []byte `cbor:"8,keyasint,omitempty"`

	Epochs    []Epoch   `cbor:"9,keyasint"` // own, newest first
	PeerEpoch PeerEpoch `cbor:"10,keyasint"`

	In  []Mailbox `cbor:"11,keyasint"`
	Out []Mailbox `cbor:"12,keyasint"`

	// Ending says that the other side changes all keys, and this one has answered:
	// what is asked in this relation is answered in the one that follows (spec §7).
	Ending bool `cbor:"13,keyasint,omitempty"`
}

// Epoch is one of this side's key pairs.
type Epoch struct {
	ID         EpochID `cbor:"1,keyasint"`
	Private    Secret  `cbor:"2,keyasint"`
	Created    int64   `cbor:"3,keyasint"` // ms since 1970
	Superseded int64   `cbor:"4,keyasint,omitempty"`
}

// PeerEpoch is the newest public key of the other side.
type PeerEpoch struct {
	ID     EpochID `cbor:"1,keyasint"`
	Public []byte  `cbor:"2,keyasint"`
	Seen   int64   `cbor:"3,keyasint"` // ms since 1970, by this side's clock
}
