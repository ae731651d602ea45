package mailbox

import (
	"crypto/ed25519"
	"crypto/sha256"
)

// Place is what a signature is good for: one session with one relay.
type Place struct {
	Relay Key
	Nonce [32]byte
}

// input is what a signature of the command name is made over (spec §2.1).
func (p Place) input(name string, payload []byte) []byte {
	b := make([]byte, 0, len(Protocol)+1+len(name)+1+64+len(payload))
	b = append(b, Protocol+" "+name+"\x00"...)
	b = append(append(b, p.Relay[:]...), p.Nonce[:]...)
	return append(b, payload...)
}

// Prove makes a proof of one of a queue's keys. id differs from that of the key
// when it is a sender's that LOCK put in place.
func (p Place) Prove(role Role, id ID, key ed25519.PrivateKey) ProvePayload {
	r := ProvePayload{Role: role, ID: id, Key: PublicKey(key)}
	r.Signature = [64]byte(ed25519.Sign(key, p.input("PROVE", r.signed(nil))))
	return r
}

// Verify reports whether the signature is by the key that it names. Whether that
// is the key of the queue is another question.
func (r ProvePayload) Verify(p Place) bool {
	return ed25519.Verify(r.Key[:], p.input("PROVE", r.signed(nil)), r.Signature[:])
}

// New asks for a queue.
func (p Place) New(recipient ed25519.PrivateKey, sender Key, days uint8) NewPayload {
	r := NewPayload{Recipient: PublicKey(recipient), Sender: sender, Days: days}
	r.Signature = [64]byte(ed25519.Sign(recipient, p.input("NEW", r.signed(nil))))
	return r
}

// Verify reports whether the signature is by the recipient's key.
func (r NewPayload) Verify(p Place) bool {
	return ed25519.Verify(r.Recipient[:], p.input("NEW", r.signed(nil)), r.Signature[:])
}

// Lock asks to put key in the place of the sender's key in force.
func (p Place) Lock(sender ID, inForce ed25519.PrivateKey, key Key) LockPayload {
	r := LockPayload{Sender: sender, Key: key}
	r.Signature = [64]byte(ed25519.Sign(inForce, p.input("LOCK", r.signed(nil))))
	return r
}

// Verify reports whether the signature is by the key that was in force.
func (r LockPayload) Verify(p Place, inForce Key) bool {
	return ed25519.Verify(inForce[:], p.input("LOCK", r.signed(nil)), r.Signature[:])
}

// SinglePut is a PUT that needs no session, as it travels through another relay
// (spec §4).
type SinglePut struct {
	Sender    ID
	ID        MessageID
	Days      uint8
	Key       Key
	Signature [64]byte
	Body      []byte
}

// singleHead is what it has before its body.
const singleHead = PutHead + 32 + 64

// NewSinglePut signs a message for a relay.
func NewSinglePut(relay Key, sender ID, key ed25519.PrivateKey, id MessageID, days uint8, body []byte) SinglePut {
	p := SinglePut{Sender: sender, ID: id, Days: days, Key: PublicKey(key), Body: body}
	p.Signature = [64]byte(ed25519.Sign(key, p.input(relay)))
	return p
}

func (p SinglePut) input(relay Key) []byte {
	b := append([]byte(Protocol+" PUT\x00"), relay[:]...)
	b = PutPayload{Sender: p.Sender, ID: p.ID, Days: p.Days}.AppendHead(b)
	sum := sha256.Sum256(p.Body)
	return append(b, sum[:]...)
}

// Verify reports whether the signature is by the key that it names, for relay.
func (p SinglePut) Verify(relay Key) bool {
	return ed25519.Verify(p.Key[:], p.input(relay), p.Signature[:])
}

// Append adds the request's body to b.
func (p SinglePut) Append(b []byte) []byte {
	b = PutPayload{Sender: p.Sender, ID: p.ID, Days: p.Days}.AppendHead(b)
	return append(append(append(b, p.Key[:]...), p.Signature[:]...), p.Body...)
}

// ParseSinglePut reads the request's body. The message may have any length here.
func ParseSinglePut(b []byte) (SinglePut, error) {
	if len(b) < singleHead {
		return SinglePut{}, ErrMalformed
	}
	return SinglePut{
		Sender: ID(b), ID: MessageID(b[24:]), Days: b[40], Key: Key(b[41:]), Signature: [64]byte(b[73:]), Body: b[singleHead:],
	}, nil
}
