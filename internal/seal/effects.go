package seal

// Inbox is a queue that this device listens to and what it stands for: a
// relation, or an invitation that nobody has finished yet.
type Inbox struct {
	Mailbox    Mailbox
	Relation   RelationID
	Invitation [16]byte
}

// RawPut is a body that is no envelope, a join or a welcome, and the queue it
// goes to. Putting it again under the same id is harmless.
type RawPut struct {
	Mailbox Mailbox   `cbor:"1,keyasint"`
	ID      MessageID `cbor:"2,keyasint"`
	Body    []byte    `cbor:"3,keyasint"`
	Until   int64     `cbor:"4,keyasint,omitempty"` // ms since 1970; zero: the usual 7 days
}

// NewQueue is a queue to make: both seeds are in Mailbox.
type NewQueue struct {
	Mailbox Mailbox `cbor:"1,keyasint"`
	Days    uint8   `cbor:"2,keyasint"` // 1, 7 or 21; zero is 7
}

// NewLock is a queue whose sender key is to be replaced, by the key whose seed
// is Mailbox.Lock (spec/mailbox.md §2.1).
type NewLock struct {
	Mailbox Mailbox `cbor:"1,keyasint"`
}

// Move says that a relation follows another (spec §7): what waits for From goes to
// To.
type Move struct{ From, To RelationID }

// Effects is what has to happen after something was handled. What handled it has
// kept its own state already; internal/exchange keeps the effects until each is
// done, in the order of the fields.
type Effects struct {
	Create []NewQueue
	Lock   []NewLock
	Raw    []RawPut
	Out    []Outgoing
	Delete []Mailbox
	Moved  []Move
	// Changed says that People.Inboxes is different now.
	Changed bool
}

// Add appends other's effects.
func (e *Effects) Add(other Effects) {
	e.Create = append(e.Create, other.Create...)
	e.Lock = append(e.Lock, other.Lock...)
	e.Raw = append(e.Raw, other.Raw...)
	e.Out = append(e.Out, other.Out...)
	e.Delete = append(e.Delete, other.Delete...)
	e.Moved = append(e.Moved, other.Moved...)
	e.Changed = e.Changed || other.Changed
}
