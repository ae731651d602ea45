package seal

import (
	"crypto/ed25519"
	"io"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Bounds of what a party says of itself.
const (
	maxName   = 128
	maxQueues = 8
)

// Own is what a side brings to a handshake: fresh keys and queues, made for the
// one relation that comes of it.
type Own struct {
	Name     string    // to be shown to the other side
	Pairwise []byte    // Ed25519 seed
	Notice   Secret    //
	Epoch    Epoch     // the first epoch
	Queues   []Mailbox // inboxes, with both seeds
}

// NewOwn makes the keys; name and queues are the caller's.
func NewOwn(rand io.Reader, now time.Time, name string, queues []Mailbox) (Own, error) {
	pairwise, err := NewSeed(rand)
	if err != nil {
		return Own{}, err
	}
	notice, err := NewSecret(rand)
	if err != nil {
		return Own{}, err
	}
	epoch, _, err := NewEpoch(rand, now)
	if err != nil {
		return Own{}, err
	}
	return Own{Name: name, Pairwise: pairwise, Notice: notice, Epoch: epoch, Queues: queues}, nil
}

// Party is what the other side says of itself in a join or a welcome, signed by
// the pairwise key that it brings (spec §4.2).
type Party struct {
	Name      string    `cbor:"1,keyasint"`
	Pairwise  []byte    `cbor:"2,keyasint"` // public
	Notice    []byte    `cbor:"3,keyasint"` // public
	Epoch     []byte    `cbor:"4,keyasint"` // public
	Queues    []Mailbox `cbor:"5,keyasint"`
	Now       int64     `cbor:"6,keyasint"`
	Signature []byte    `cbor:"7,keyasint,omitempty"`
}

// partySignature is the key of Party's map that the signature is under.
const partySignature = 7

// party encodes and signs what o says of itself.
func (o Own) party(now time.Time, label string, bound []byte) ([]byte, error) {
	key, err := signer(o.Pairwise)
	if err != nil {
		return nil, err
	}
	notice, err := o.Notice.Public()
	if err != nil {
		return nil, err
	}
	epoch, err := o.Epoch.Private.Public()
	if err != nil {
		return nil, err
	}
	p := Party{
		Name: o.Name, Pairwise: key.Public().(ed25519.PublicKey), Notice: notice, Epoch: epoch,
		Queues: shown(o.Queues), Now: now.UnixMilli(),
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return signMap(p, partySignature, key, label, bound)
}

// parseParty is Own.party's other end.
func parseParty(octets []byte, label string, bound []byte) (Party, error) {
	var p Party
	if err := Unmarshal(octets, &p); err != nil {
		return Party{}, fault.New(fault.Invalid, "%s: %w", label, err)
	}
	if err := p.check(); err != nil {
		return Party{}, err
	}
	return p, verifyMap(octets, partySignature, p.Pairwise, p.Signature, label, bound)
}

func (p Party) check() error {
	if len(p.Name) > maxName {
		return fault.New(fault.Invalid, "a name of %d octets", len(p.Name)).WithHint("at most %d", maxName)
	}
	return checkKeys(p.Pairwise, p.Notice, p.Epoch, p.Queues)
}

// checkKeys checks what a side shows to the other in handshakes and rekeying.
func checkKeys(pairwise, notice, epoch []byte, queues []Mailbox) error {
	if len(pairwise) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "pairwise key of %d octets", len(pairwise))
	}
	for _, k := range [][]byte{notice, epoch} {
		if err := CheckPublic(k); err != nil {
			return err
		}
	}
	return CheckQueues(queues)
}

// CheckQueues checks the queues that another side offers to be written to.
func CheckQueues(queues []Mailbox) error {
	if len(queues) == 0 || len(queues) > maxQueues {
		return fault.New(fault.Invalid, "%d queues", len(queues)).WithHint("a side has 1 to %d", maxQueues)
	}
	for _, q := range queues {
		if len(q.Relay) == 0 || len(q.Relay) > maxRelayURL || len(q.Sender) != ed25519.SeedSize {
			return fault.New(fault.Invalid, "queue on a relay with an address of %d octets, sender seed of %d", len(q.Relay), len(q.Sender))
		}
		if len(q.Recipient) != 0 || len(q.Lock) != 0 {
			return fault.New(fault.Invalid, "queue on %q with keys that are not the other side's to say", q.Relay)
		}
	}
	return nil
}

// shown is what the other side may see of inboxes.
func shown(in []Mailbox) []Mailbox {
	out := make([]Mailbox, len(in))
	for i, m := range in {
		out[i] = Mailbox{Relay: m.Relay, Sender: m.Sender}
	}
	return out
}
