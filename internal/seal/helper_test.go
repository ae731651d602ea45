package seal_test

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// counted is a reader of octets that are the same in every run: SHA-256 of a
// label and a counter.
type counted struct {
	label string
	block uint64
	rest  []byte
}

func newRand(label string) io.Reader { return &counted{label: label} }

func (c *counted) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if len(c.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(c.label), c.block))
			c.block, c.rest = c.block+1, sum[:]
		}
		k := copy(p[n:], c.rest)
		c.rest, n = c.rest[k:], n+k
	}
	return len(p), nil
}

func start() time.Time { return time.UnixMilli(1_790_000_000_000).UTC() }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// side is what one side of a handshake brings.
func side(t testing.TB, name string) seal.Own {
	t.Helper()
	rand := newRand("own " + name)
	seeds := func() []byte { return must(seal.NewSeed(rand))(t) }
	queues := []seal.Mailbox{
		{Relay: "wss://one.example/", Sender: seeds(), Recipient: seeds()},
		{Relay: "wss://two.example/", Sender: seeds(), Recipient: seeds()},
	}
	return must(seal.NewOwn(rand, start(), name, queues))(t)
}

// handshake is a whole becoming of friends, inviter first.
type handshake struct {
	invitation    seal.Invitation
	private       []byte
	inviter       seal.Own
	invitee       seal.Own
	join          seal.Join
	welcome       []byte
	first, second seal.Meeting
}

func friends(t testing.TB) handshake {
	t.Helper()
	var h handshake
	var err error
	rand := newRand("friends")
	h.invitation, h.private, err = seal.NewInvitation(rand, seal.Friend, start().Add(7*24*time.Hour), []string{"wss://one.example/", "wss://two.example/"})
	if err != nil {
		t.Fatal(err)
	}
	h.inviter, h.invitee = side(t, "alice"), side(t, "bob")
	h.join = must(seal.MakeJoin(rand, start(), h.invitation, h.invitee))(t)
	joining := must(seal.OpenJoin(h.invitation, h.private, h.join.Octets))(t)
	h.welcome, h.first, err = joining.MakeWelcome(rand, start(), h.inviter)
	if err != nil {
		t.Fatal(err)
	}
	h.second = must(seal.OpenWelcome(start(), h.invitation, h.join, h.invitee, h.welcome))(t)
	return h
}

func message(t testing.TB, body any) seal.Message {
	t.Helper()
	m := seal.Message{Kind: seal.Ask, ID: seal.MessageID{1}, Number: 1, Sent: start().UnixMilli(), Expires: start().Add(time.Hour).UnixMilli()}
	if body != nil {
		m.Body = must(seal.Marshal(body))(t)
	}
	return m
}
