package queue

import (
	"context"
	"errors"
	"time"
)

// ID is a queue's name for one of its sides: a RID or a SID (spec/mailbox.md §1).
type ID [24]byte

// Key is an Ed25519 public key.
type Key [32]byte

// MessageID is what a sender calls a message.
type MessageID [16]byte

// Queue is what is kept of a queue besides its messages.
type Queue struct {
	Recipient    ID
	Sender       ID
	RecipientKey Key
	SenderKey    Key       // the one in force: LOCK replaces it
	Days         uint8     // 1, 7 or 21
	Push         []byte    // a Web Push subscription, or nothing
	Seen         time.Time // when its recipient was last here, to the hour
}

// Message is one that waits.
type Message struct {
	Number  uint64 // grows within a queue
	ID      MessageID
	Body    []byte
	Expires time.Time
}

// Put is a message on its way in.
type Put struct {
	Sender ID
	ID     MessageID
	Body   []byte
	// Expires is kept to the second. Whole hours tell an engine's files less, and
	// let it sweep them once an hour.
	Expires time.Time
}

// Ack names messages of one queue that its recipient has.
type Ack struct {
	Recipient ID
	Numbers   []uint64
}

var (
	// ErrAbsent is the answer for a queue that does not exist.
	ErrAbsent = errors.New("no such queue")
	// ErrTaken is the answer to Create for keys that another queue has.
	ErrTaken = errors.New("keys of another queue")
	// ErrFull is the answer for a queue that holds as much as it may.
	ErrFull = errors.New("the queue is full")
	// ErrDisk is the answer when the store takes no more.
	ErrDisk = errors.New("the disk is full")
)

// Limits bound what is kept. Zero values are replaced by the default each
// comment names.
type Limits struct {
	// Messages and Octets bound a queue: 128 and 2 MiB.
	Messages int
	Octets   int64
	// Idle is how long a queue lives without its recipient: 90 days.
	Idle time.Duration
}

// WithDefaults replaces zero values.
func (l Limits) WithDefaults() Limits {
	if l.Messages <= 0 {
		l.Messages = 128
	}
	if l.Octets <= 0 {
		l.Octets = 2 << 20
	}
	if l.Idle <= 0 {
		l.Idle = 90 * 24 * time.Hour
	}
	return l
}

// Store keeps queues. All methods are safe for concurrent use. What a method
// reported as done is durable: neither kill -9 nor a power cut undoes it. No
// state that matters is in memory, so that several relays may stand before one
// distributed store.
type Store interface {
	// Create makes a queue, or renews one with the same ids and recipient key:
	// Days and Seen are replaced, the sender's key in force and the subscription
	// stay. ErrTaken when either id belongs to another queue.
	Create(ctx context.Context, q Queue) error
	// ByRecipient and BySender look a queue up. ErrAbsent.
	ByRecipient(ctx context.Context, id ID) (Queue, error)
	BySender(ctx context.Context, id ID) (Queue, error)
	// Lock replaces the key of a queue's sender, if it is still old. ErrAbsent
	// when it is not, or there is no such queue.
	Lock(ctx context.Context, sender ID, old, key Key) error
	// SetPush keeps or, empty, forgets a queue's subscription.
	SetPush(ctx context.Context, recipient ID, subscription []byte) error
	// Put adds messages, in one transaction where the engine has such; the
	// recipient's side of each queue is returned in the same order, with an error
	// for those that were not taken (ErrAbsent, ErrFull). One that is there
	// already is taken and changes nothing: its number is the one it has. An error
	// of Put itself (ErrDisk among them) means that nothing may be relied upon.
	// Bodies must not change before Put returns. Messages that have expired do
	// not count, even before Expire erases them.
	Put(ctx context.Context, puts []Put) ([]Taken, error)
	// Fetch returns up to n messages of a queue with numbers beyond after, in
	// order, expired ones left out. A message that is put while others are
	// fetched gets a number beyond all of theirs. ErrAbsent.
	Fetch(ctx context.Context, recipient ID, after uint64, n int) ([]Message, error)
	// Ack erases messages. Those that are gone already, with their queue or
	// without it, are no error.
	Ack(ctx context.Context, acks []Ack) error
	// Delete removes a queue and what is in it. ErrAbsent.
	Delete(ctx context.Context, recipient ID) error
	// Present notes that the recipients of these queues were here, to the hour.
	Present(ctx context.Context, recipients []ID, at time.Time) error
	// Expire erases what has outlived its time, up to n messages and queues, and
	// reports how many it erased, so that it can be called until there are none.
	Expire(ctx context.Context, now time.Time, n int) (int, error)
	// Queues lists up to n queues whose recipient ids are beyond after, in order
	// of these: for Copy.
	Queues(ctx context.Context, after ID, n int) ([]Queue, error)
	// Stats counts, for the operator. It may read every row about a message: ask
	// once a minute, not once a message.
	Stats(ctx context.Context) (Stats, error)
	Close() error
}

// Teller is a Store before which several relays may stand, and by which one hears
// of what came by another.
type Teller interface {
	// Hear calls arrived with the recipient's side of queues to which others put
	// messages, until ctx ends. It may miss some, or never hear any.
	Hear(ctx context.Context, arrived func(recipient ID))
}

// Taken is what became of a Put.
type Taken struct {
	Recipient ID
	Number    uint64
	Err       error
}

// Stats is how much a store keeps.
type Stats struct {
	Queues   int64 `json:"queues"`
	Messages int64 `json:"messages"`
	Octets   int64 `json:"octets"`
}
