package exchange

import (
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// Effect is something that a Core wants done: one of the types below. Effects are
// durable in the Core where they have to be; who runs them may lose them.
type Effect interface{ effect() }

// Job numbers what a Core keeps until it is done.
type Job uint64

// Ref names a delivery to whoever made it.
type Ref uint64

// Delivery is a body that a mailbox gave to this device.
type Delivery struct {
	Ref   Ref
	Inbox seal.Inbox
	Body  []byte
	// Direct says that it came by this device's own mailbox.
	Direct bool
}

// Put wants a body in a queue: on its relay, or at Place when that is not nil.
// Core.Done takes the outcome.
type Put struct {
	Job     Job
	Mailbox seal.Mailbox
	Place   *seal.Place
	ID      seal.MessageID
	Days    uint8
	Body    []byte
}

// Create, Lock and Delete want a queue made, locked or removed. Core.Done takes the
// outcome.
type (
	// Create makes a queue.
	Create struct {
		Job   Job
		Queue seal.NewQueue
	}
	// Lock replaces a queue's sender key.
	Lock struct {
		Job   Job
		Queue seal.NewLock
	}
	// Delete removes a queue.
	Delete struct {
		Job     Job
		Mailbox seal.Mailbox
	}
)

// Ack and Back say what becomes of a delivery.
type (
	// Ack erases it at the mailbox.
	Ack struct{ Ref Ref }
	// Back gives it back, not to be offered to this device for a while.
	Back struct {
		Ref  Ref
		Wait time.Duration
	}
)

// Serve wants a request answered: Core.Answered or Core.Decline take the outcome.
type Serve struct {
	Token   Token
	From    seal.RelationID
	Kind    seal.Kind
	Request seal.Request
	// Direct says that the request came by this device's own mailbox.
	Direct bool
}

// Token names a request that is being answered.
type Token uint64

// Arrived says that a request of this device was answered.
type Arrived struct{ ID seal.MessageID }

// Listen says that the inboxes have changed.
type Listen struct{}

func (Put) effect()     {}
func (Create) effect()  {}
func (Lock) effect()    {}
func (Delete) effect()  {}
func (Ack) effect()     {}
func (Back) effect()    {}
func (Serve) effect()   {}
func (Arrived) effect() {}
func (Listen) effect()  {}

// Outcome is what became of a Put, Create, Lock or Delete.
type Outcome struct {
	// Accepted says that it is done, durably.
	Accepted bool
	// Wait is how long the relay asked to wait; zero when it did not say.
	Wait time.Duration
	// Refused says that the relay answered, and has no such queue or key.
	Refused bool
}
