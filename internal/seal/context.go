package seal

import (
	"github.com/kith-web/kith/internal/fault"
)

// contextKey is what both ends of a context know.
type contextKey struct {
	ID        ContextID  `cbor:"1,keyasint"`
	Relation  RelationID `cbor:"2,keyasint"`
	Direction Side       `cbor:"3,keyasint"`
	Enc       []byte     `cbor:"4,keyasint"`
	Key       []byte     `cbor:"5,keyasint"`
	Epoch     EpochID    `cbor:"6,keyasint"`
	Notice    bool       `cbor:"7,keyasint,omitempty"`
}

// SendContext seals what one device sends in one relation to one epoch of the
// other side (spec §3.2). It is kept by that device alone, and may be kept as
// CBOR.
type SendContext struct{ contextKey }

// ReceiveContext opens what a SendContext of the other side sealed.
type ReceiveContext struct{ contextKey }

// NewSendContext makes a context to the newest epoch of r's other side.
func NewSendContext(r Relation) (SendContext, error) {
	return newContext(r, r.PeerEpoch.Public, false)
}

// NewNoticeContext makes a context to the notice key of r's other side. It seals
// nothing but Keys and Unknown.
func NewNoticeContext(r Relation) (SendContext, error) {
	return newContext(r, r.PeerNotice, true)
}

func newContext(r Relation, public []byte, notice bool) (SendContext, error) {
	if err := r.check(); err != nil {
		return SendContext{}, err
	}
	enc, exported, err := encapsulate(xwing(), public, contextInfo(r.ID, r.Side, notice), "kith context 1")
	if err != nil {
		return SendContext{}, err
	}
	return SendContext{contextKey{
		ID: ContextOf(enc), Relation: r.ID, Direction: r.Side, Enc: enc,
		Key: contextSecret(r.Root, exported), Epoch: EpochOf(public), Notice: notice,
	}}, nil
}

// OpenContext is NewSendContext's other end, for a device that was told enc by
// another of its person.
func OpenContext(r Relation, e Epoch, enc []byte) (ReceiveContext, error) {
	return openContext(r, e.Private, e.ID, enc, false)
}

func openContext(r Relation, private Secret, epoch EpochID, enc []byte, notice bool) (ReceiveContext, error) {
	if err := r.check(); err != nil {
		return ReceiveContext{}, err
	}
	exported, err := decapsulate(xwing(), private, enc, contextInfo(r.ID, r.Side.Other(), notice), "kith context 1")
	if err != nil {
		return ReceiveContext{}, err
	}
	return ReceiveContext{contextKey{
		ID: ContextOf(enc), Relation: r.ID, Direction: r.Side.Other(), Enc: enc,
		Key: contextSecret(r.Root, exported), Epoch: epoch, Notice: notice,
	}}, nil
}

// ContextOf returns the id of the context with this encapsulation.
func ContextOf(enc []byte) ContextID {
	return ContextID(hash([]byte("kith context 1"), enc)[:8])
}

func contextInfo(r RelationID, direction Side, notice bool) string {
	label := "kith context 1"
	if notice {
		label = "kith notice 1"
	}
	return label + string(r[:]) + string([]byte{byte(direction)})
}

func contextSecret(root, exported []byte) []byte {
	return expand(extract(root, exported), "kith envelope 1", secretSize)
}

// Other returns the other direction.
func (s Side) Other() Side { return 3 - s }

// check refuses a relation that nothing must be sealed or opened with.
func (r Relation) check() error {
	switch {
	case len(r.Root) != secretSize:
		return fault.New(fault.Internal, "relation %x: root secret of %d octets", r.ID, len(r.Root))
	case r.Side != 1 && r.Side != 2:
		return fault.New(fault.Internal, "relation %x: no direction", r.ID)
	case RelationOf(r.Root) != r.ID:
		return fault.New(fault.Internal, "relation %x: its root secret is of another", r.ID)
	}
	return nil
}

// RelationOf returns the id of the relation with this root secret (spec §3).
func RelationOf(root []byte) RelationID {
	return RelationID(expand(root, "kith relation 1", 16))
}
