package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// rekeyBody is the body of Rekey; rekeyedBody that of Rekeyed (spec §7).
type rekeyBody struct {
	Pairwise  []byte    `cbor:"1,keyasint"`
	Notice    []byte    `cbor:"2,keyasint"`
	Epoch     []byte    `cbor:"3,keyasint"`
	Queues    []Mailbox `cbor:"4,keyasint"`
	Enc       []byte    `cbor:"5,keyasint"`
	Signature []byte    `cbor:"6,keyasint,omitempty"`
	To        EpochID   `cbor:"7,keyasint"` // the epoch that Enc is to
}

type rekeyedBody struct {
	Rekey     []byte    `cbor:"1,keyasint"` // H(rekey)
	Pairwise  []byte    `cbor:"2,keyasint"`
	Notice    []byte    `cbor:"3,keyasint"`
	Epoch     []byte    `cbor:"4,keyasint"`
	Queues    []Mailbox `cbor:"5,keyasint"`
	Enc       []byte    `cbor:"6,keyasint"`
	Signature []byte    `cbor:"7,keyasint,omitempty"`
}

// Keys of the two maps that the signatures are under.
const (
	rekeySignature   = 6
	rekeyedSignature = 7
)

// Rekeying is what the side that began keeps until Rekeyed comes. It may be kept
// as CBOR, together with the Own that it was made of.
type Rekeying struct {
	Body   []byte `cbor:"1,keyasint"` // of the Rekey message, encoded
	Export []byte `cbor:"2,keyasint"`
}

// MakeRekey begins to change r's keys to those of me. Body is to be sent in r,
// the same at each repetition.
func MakeRekey(r Relation, me Own) (Rekeying, error) {
	if err := r.check(); err != nil {
		return Rekeying{}, err
	}
	enc, exported, err := encapsulate(xwing(), r.PeerEpoch.Public, rekeyInfo(r.ID), "kith rekey 1")
	if err != nil {
		return Rekeying{}, err
	}
	pairwise, notice, epoch, err := me.publics()
	if err != nil {
		return Rekeying{}, err
	}
	b := rekeyBody{Pairwise: pairwise.Public().(ed25519.PublicKey), Notice: notice, Epoch: epoch, Queues: shown(me.Queues), Enc: enc, To: EpochOf(r.PeerEpoch.Public)}
	body, err := signMap(b, rekeySignature, pairwise, "kith rekey 1", r.ID[:])
	if err != nil {
		return Rekeying{}, err
	}
	return Rekeying{Body: body, Export: exported}, nil
}

// AnswerRekey takes the other side's Rekey: it returns the body of Rekeyed, to be
// sent in r, and the relation that follows r.
func AnswerRekey(now time.Time, r Relation, body []byte, me Own) ([]byte, Relation, error) {
	var b rekeyBody
	if err := Unmarshal(body, &b); err != nil {
		return nil, Relation{}, fault.New(fault.Invalid, "rekey: %w", err)
	}
	if err := checkKeys(b.Pairwise, b.Notice, b.Epoch, b.Queues); err != nil {
		return nil, Relation{}, err
	}
	if err := verifyMap(body, rekeySignature, b.Pairwise, b.Signature, "kith rekey 1", r.ID[:]); err != nil {
		return nil, Relation{}, err
	}
	first, err := r.openRekey(b)
	if err != nil {
		return nil, Relation{}, err
	}
	enc, second, err := encapsulate(xwing(), b.Epoch, rekeyedInfo(body), "kith rekey 1")
	if err != nil {
		return nil, Relation{}, err
	}
	pairwise, notice, epoch, err := me.publics()
	if err != nil {
		return nil, Relation{}, err
	}
	a := rekeyedBody{Rekey: hash(body), Pairwise: pairwise.Public().(ed25519.PublicKey), Notice: notice, Epoch: epoch, Queues: shown(me.Queues), Enc: enc}
	answer, err := signMap(a, rekeyedSignature, pairwise, "kith rekeyed 1", r.ID[:])
	if err != nil {
		return nil, Relation{}, err
	}
	next, err := newRelation(now, r.Kind, rekeyRoot(r, first, second, body), me, b.Pairwise, b.Notice, b.Epoch, b.Queues)
	return answer, next, err
}

// FinishRekey takes Rekeyed, the answer to k: it returns the relation that
// follows r. me is what k was made of.
func FinishRekey(now time.Time, r Relation, k Rekeying, me Own, answer []byte) (Relation, error) {
	var a rekeyedBody
	if err := Unmarshal(answer, &a); err != nil {
		return Relation{}, fault.New(fault.Invalid, "rekeyed: %w", err)
	}
	if subtle.ConstantTimeCompare(a.Rekey, hash(k.Body)) != 1 {
		return Relation{}, fault.New(fault.Conflict, "rekeyed answers %x, which is another rekey", a.Rekey)
	}
	if err := checkKeys(a.Pairwise, a.Notice, a.Epoch, a.Queues); err != nil {
		return Relation{}, err
	}
	if err := verifyMap(answer, rekeyedSignature, a.Pairwise, a.Signature, "kith rekeyed 1", r.ID[:]); err != nil {
		return Relation{}, err
	}
	second, err := decapsulate(xwing(), me.Epoch.Private, a.Enc, rekeyedInfo(k.Body), "kith rekey 1")
	if err != nil {
		return Relation{}, err
	}
	return newRelation(now, r.Kind, rekeyRoot(r, k.Export, second, k.Body), me, a.Pairwise, a.Notice, a.Epoch, a.Queues)
}

// RekeyWins reports whether the rekey a stands against b when both sides began
// at once: the smaller hash does, on both sides.
func RekeyWins(a, b []byte) bool { return bytes.Compare(hash(a), hash(b)) < 0 }

// RekeyedTo returns the hash of the rekey that an encoded Rekeyed answers.
func RekeyedTo(answer []byte) ([]byte, error) {
	var a rekeyedBody
	if err := Unmarshal(answer, &a); err != nil {
		return nil, fault.New(fault.Invalid, "rekeyed: %w", err)
	}
	return a.Rekey, nil
}

// openRekey decapsulates with the epoch that the other side used. X-Wing itself
// does not tell when it is the wrong one.
func (r Relation) openRekey(b rekeyBody) ([]byte, error) {
	for _, e := range r.Epochs {
		if e.ID == b.To {
			return decapsulate(xwing(), e.Private, b.Enc, rekeyInfo(r.ID), "kith rekey 1")
		}
	}
	return nil, fault.New(fault.NotFound, "rekey to the epoch %x, whose key is not here", b.To)
}

func (o Own) publics() (pairwise ed25519.PrivateKey, notice, epoch []byte, err error) {
	if pairwise, err = signer(o.Pairwise); err != nil {
		return nil, nil, nil, err
	}
	if notice, err = o.Notice.Public(); err != nil {
		return nil, nil, nil, err
	}
	epoch, err = o.Epoch.Private.Public()
	return pairwise, notice, epoch, err
}

func rekeyInfo(r RelationID) string { return "kith rekey 1" + string(r[:]) }

func rekeyedInfo(rekey []byte) string { return "kith rekeyed 1" + string(hash(rekey)) }

func rekeyRoot(r Relation, first, second, rekey []byte) []byte {
	return expand(extract(r.Root, join(first, second)), "kith rekey 1"+string(hash(rekey)), secretSize)
}
