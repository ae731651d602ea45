package exchange

import (
	"context"

	"github.com/kith-web/kith/internal/seal"
)

// People knows the relations. What it is told it has made durable when it
// returns. None of its methods may call the exchange back.
type People interface {
	// Relation returns a relation with a friend or an own device.
	Relation(seal.RelationID) (seal.Relation, bool)
	Relations() []seal.Relation
	// Inboxes returns every queue that this device listens to.
	Inboxes() []seal.Inbox
	// Receive takes a body that is no envelope of a relation: a join or a
	// welcome. fault.NotFound says that it is neither.
	Receive(in seal.Inbox, body []byte) (seal.Effects, error)
	// Handle takes Confirm, Queues, Rekey, Rekeyed, Bye and Rosters.
	Handle(from seal.RelationID, m seal.Message) (seal.Effects, error)
	// NewEpoch makes an epoch of this side, which is the first of the relation's
	// Epochs afterwards; the effects tell it to own devices (spec §3.1).
	NewEpoch(seal.RelationID) (seal.Effects, error)
	// LearnEpoch takes a key of the other side, when it is not the one known.
	LearnEpoch(r seal.RelationID, public []byte) (seal.Effects, error)
	// EraseEpoch erases the private half of a superseded epoch.
	EraseEpoch(seal.RelationID, seal.EpochID) (seal.Effects, error)
	// Arrived says that the other side used an inbox: those that it replaced end.
	Arrived(seal.Inbox) (seal.Effects, error)
	// Forget says that the bye to a friend who was removed has left, or never will.
	Forget(seal.RelationID) (seal.Effects, error)
}

// Handler takes Changed, Purge, Purged, Items, Reconcile and Reset: the library.
// What it is told it has made durable when it returns, and it may be told twice.
// It must not call the exchange back.
type Handler interface {
	Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error)
}

// Answerer answers what friends and own devices ask: the library. What may not be
// seen and what does not exist look the same in its replies. fault.Unreachable says
// that another device of this person may be able to.
type Answerer interface {
	Answer(ctx context.Context, from seal.RelationID, kind seal.Kind, r seal.Request) (*seal.Reply, error)
}

// Local is where a Core keeps its state, on this device alone. Apply is atomic
// and durable. store.Bucket is one; a guard may seal the values.
type Local interface {
	Get(key string) ([]byte, error) // fault.NotFound
	Apply(puts map[string][]byte, deletes []string) error
	Each(prefix string, f func(key string, value []byte) error) error
}
