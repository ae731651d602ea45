package seal

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Join is what an invitee keeps until it is welcomed (spec §4.2). It may be kept
// as CBOR. Octets is what goes to the contact queues, the same at each repetition.
type Join struct {
	Octets []byte `cbor:"1,keyasint"`
	Export []byte `cbor:"2,keyasint"`
}

// Meeting is what a handshake comes to, on both sides.
type Meeting struct {
	Relation Relation
	Peer     Party
	// Transcript binds the two sides to the same handshake.
	Transcript []byte
	// Welcome is H(welcome): the body of the confirm message.
	Welcome []byte
}

// Safety returns the meeting's safety code.
func (m Meeting) Safety() (string, error) { return SafetyCode(m.Relation, m.Transcript) }

// MakeJoin answers an invitation.
func MakeJoin(rand io.Reader, now time.Time, i Invitation, me Own) (Join, error) {
	octets, err := i.Octets()
	if err != nil {
		return Join{}, err
	}
	if i.Expired(now) {
		return Join{}, fault.New(fault.Conflict, "the invitation ended at %s", i.Expires.Format(time.RFC3339)).WithHint("ask for a new one")
	}
	content, err := me.party(now, "kith join 1", hash(octets))
	if err != nil {
		return Join{}, err
	}
	enc, exported, err := encapsulate(x25519(), i.Public, "kith invite 1"+string(hash(octets)), "kith join 1")
	if err != nil {
		return Join{}, err
	}
	sealed, err := sealPadded(rand, joinKey(i, exported), enc, content, nil)
	if err != nil {
		return Join{}, err
	}
	return Join{Octets: sealed, Export: exported}, nil
}

// OpenJoin opens what came to an invitation's queue. private is NewInvitation's
// key. Joining holds what MakeWelcome needs.
func OpenJoin(i Invitation, private []byte, octets []byte) (Joining, error) {
	if !sized(len(octets)) {
		return Joining{}, fault.New(fault.Invalid, "join of %d octets", len(octets))
	}
	fragment, err := i.Octets()
	if err != nil {
		return Joining{}, err
	}
	exported, err := decapsulate(x25519(), private, octets[:x25519Size], "kith invite 1"+string(hash(fragment)), "kith join 1")
	if err != nil {
		return Joining{}, err
	}
	content, err := openPadded(joinKey(i, exported), octets[x25519Size:], nil)
	if err != nil {
		return Joining{}, fault.New(fault.Corrupt, "join: %w", err)
	}
	peer, err := parseParty(content, "kith join 1", hash(fragment))
	if err != nil {
		return Joining{}, err
	}
	return Joining{Invitation: i, Join: Join{Octets: bytes.Clone(octets), Export: exported}, Peer: peer}, nil
}

// Joining is a join as the inviter opened it.
type Joining struct {
	Invitation Invitation
	Join       Join
	Peer       Party
}

// MakeWelcome takes the invitee in. The octets go to the queues of Peer, the same
// at each repetition.
func (j Joining) MakeWelcome(rand io.Reader, now time.Time, me Own) ([]byte, Meeting, error) {
	content, err := me.party(now, "kith welcome 1", hash(j.Join.Octets))
	if err != nil {
		return nil, Meeting{}, err
	}
	enc, exported, err := encapsulate(xwing(), j.Peer.Epoch, welcomeInfo(j.Join), "kith welcome 1")
	if err != nil {
		return nil, Meeting{}, err
	}
	octets, err := sealPadded(rand, welcomeKey(j.Invitation, j.Join, exported), enc, content, nil)
	if err != nil {
		return nil, Meeting{}, err
	}
	m, err := meet(now, j.Invitation, j.Join, octets, exported, me, j.Peer)
	return octets, m, err
}

// OpenWelcome ends the handshake for the invitee: join and me are what it kept.
func OpenWelcome(now time.Time, i Invitation, j Join, me Own, octets []byte) (Meeting, error) {
	if !sized(len(octets)) {
		return Meeting{}, fault.New(fault.Invalid, "welcome of %d octets", len(octets))
	}
	exported, err := decapsulate(xwing(), me.Epoch.Private, octets[:EncSize], welcomeInfo(j), "kith welcome 1")
	if err != nil {
		return Meeting{}, err
	}
	content, err := openPadded(welcomeKey(i, j, exported), octets[EncSize:], nil)
	if err != nil {
		return Meeting{}, fault.New(fault.Corrupt, "welcome: %w", err)
	}
	peer, err := parseParty(content, "kith welcome 1", hash(j.Octets))
	if err != nil {
		return Meeting{}, err
	}
	return meet(now, i, j, octets, exported, me, peer)
}

// meet derives the relation (spec §4.2).
func meet(now time.Time, i Invitation, j Join, welcome, exported []byte, me Own, peer Party) (Meeting, error) {
	fragment, err := i.Octets()
	if err != nil {
		return Meeting{}, err
	}
	transcript := hash(fragment, hash(j.Octets), hash(welcome))
	root := expand(extract(join(i.Secret, j.Export), exported), "kith relation root 1"+string(transcript), secretSize)
	r, err := newRelation(now, i.Kind, root, me, peer.Pairwise, peer.Notice, peer.Epoch, peer.Queues)
	if err != nil {
		return Meeting{}, err
	}
	return Meeting{Relation: r, Peer: peer, Transcript: transcript, Welcome: hash(welcome)}, nil
}

func newRelation(now time.Time, kind Kind, root []byte, me Own, peerKey, notice, epoch []byte, out []Mailbox) (Relation, error) {
	key, err := signer(me.Pairwise)
	if err != nil {
		return Relation{}, err
	}
	side, err := SideOf(key.Public().(ed25519.PublicKey), peerKey)
	if err != nil {
		return Relation{}, err
	}
	return Relation{
		ID: RelationOf(root), Kind: kind, Side: side, Root: root,
		Notice: me.Notice, PeerNotice: notice, Pairwise: me.Pairwise, PeerKey: peerKey,
		Epochs:    []Epoch{me.Epoch},
		PeerEpoch: PeerEpoch{ID: EpochOf(epoch), Public: epoch, Seen: now.UnixMilli()},
		In:        me.Queues, Out: out,
	}, nil
}

// SideOf returns the direction of what the side with mine sends (spec §3.2):
// mine and theirs are pairwise public keys, or device ids.
func SideOf(mine, theirs []byte) (Side, error) {
	switch bytes.Compare(mine, theirs) {
	case -1:
		return 1, nil
	case 1:
		return 2, nil
	}
	return 0, fault.New(fault.Invalid, "both sides of the relation say that they are %x", mine)
}

func joinKey(i Invitation, exported []byte) []byte {
	return expand(extract(i.Secret, exported), "kith join 1", secretSize)
}

func welcomeInfo(j Join) string { return "kith welcome 1" + string(hash(j.Octets)) }

func welcomeKey(i Invitation, j Join, exported []byte) []byte {
	return expand(extract(join(i.Secret, j.Export), exported), "kith welcome 1", secretSize)
}
