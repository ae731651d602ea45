package seal_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

func TestBothSidesComeToTheSameRelation(t *testing.T) { // §4.2, §4.4
	h := friends(t)
	a, b := h.first.Relation, h.second.Relation
	if a.ID != b.ID || !bytes.Equal(a.Root, b.Root) || a.Side.Other() != b.Side {
		t.Fatalf("%x %d and %x %d", a.ID, a.Side, b.ID, b.Side)
	}
	if h.first.Peer.Name != "bob" || h.second.Peer.Name != "alice" {
		t.Errorf("names %q and %q", h.first.Peer.Name, h.second.Peer.Name)
	}
	if !bytes.Equal(a.Out[1].Sender, b.In[1].Sender) || a.Out[1].Recipient != nil {
		t.Error("the queues of one side are not those that the other writes to")
	}
	one, two := must(h.first.Safety())(t), must(h.second.Safety())(t)
	if one != two || len(one) != 6*5+5 || strings.Trim(one, "0123456789 ") != "" {
		t.Errorf("safety codes %q and %q", one, two)
	}
	other := friends(t) // same keys, other encapsulations
	if must(other.first.Safety())(t) == one {
		t.Error("two handshakes have the same safety code")
	}
}

func TestAWrongSecretJoinsNothing(t *testing.T) { // §4.2
	h := friends(t)
	other := h.invitation
	other.Secret = bytes.Repeat([]byte{9}, 32)
	if _, err := seal.OpenJoin(other, h.private, h.join.Octets); err == nil {
		t.Error("opened a join to another invitation")
	}
	if _, err := seal.OpenWelcome(start(), other, h.join, h.invitee, h.welcome); err == nil {
		t.Error("opened a welcome of another invitation")
	}
	if _, err := seal.OpenWelcome(start(), h.invitation, h.join, side(t, "eve"), h.welcome); err == nil {
		t.Error("opened a welcome to somebody else")
	}
	for _, i := range []int{0, 40, len(h.join.Octets) - 1} {
		bad := bytes.Clone(h.join.Octets)
		bad[i] ^= 1
		if _, err := seal.OpenJoin(h.invitation, h.private, bad); err == nil {
			t.Errorf("opened although octet %d of the join was changed", i)
		}
	}
	if _, err := seal.MakeJoin(newRand("r"), h.invitation.Expires, h.invitation, h.invitee); fault.KindOf(err) != fault.Conflict {
		t.Errorf("joined an ended invitation: %v", err)
	}
}

func TestAJoinMayBeKept(t *testing.T) {
	h := friends(t)
	var kept seal.Join
	if err := seal.Unmarshal(must(seal.Marshal(h.join))(t), &kept); err != nil {
		t.Fatal(err)
	}
	if m := must(seal.OpenWelcome(start(), h.invitation, kept, h.invitee, h.welcome))(t); m.Relation.ID != h.first.Relation.ID {
		t.Error("a join that was kept leads to another relation")
	}
}

func TestInvitationLinks(t *testing.T) { // §4.1
	h := friends(t)
	fragment := must(h.invitation.Fragment())(t)
	for _, link := range []string{fragment, "https://kith.example/join#" + fragment, "https://app.example/album/?x=1#kith-join=" + fragment, " " + fragment + "\n"} {
		got, err := seal.ParseInvitation(link)
		if err != nil || !got.Expires.Equal(h.invitation.Expires) || len(got.Relays) != 2 || got.Relays[1] != "wss://two.example/" {
			t.Errorf("%q: %+v, %v", link, got, err)
		}
	}
	octets := must(h.invitation.Octets())(t)
	for name, b := range map[string][]byte{
		"empty": nil, "cut": octets[:len(octets)-1], "longer": append(bytes.Clone(octets), 0),
		"version": append([]byte{2}, octets[1:]...), "kind": append([]byte{1, 3}, octets[2:]...),
	} {
		if _, err := seal.ParseInvitation(base64.RawURLEncoding.EncodeToString(b)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, two := h.invitation.Queue("wss://one.example/"), h.invitation.Queue("wss://two.example/")
	if bytes.Equal(one.Sender, two.Sender) {
		t.Error("contact queues on two relays have the same key")
	}
	if _, _, err := seal.NewInvitation(newRand("x"), seal.Friend, start().Add(time.Hour), nil); err == nil {
		t.Error("an invitation without a relay")
	}
}

func TestRekeyLocksOutWhoKnowsTheOldKeys(t *testing.T) { // §7
	h := friends(t)
	a, b := h.first.Relation, h.second.Relation
	newA, newB := side(t, "alice again"), side(t, "bob again")
	k := must(seal.MakeRekey(a, newA))(t)
	answer, nextB, err := seal.AnswerRekey(start(), b, k.Body, newB)
	if err != nil {
		t.Fatal(err)
	}
	nextA := must(seal.FinishRekey(start(), a, k, newA, answer))(t)
	if nextA.ID != nextB.ID || nextA.ID == a.ID || !bytes.Equal(nextA.Root, nextB.Root) || nextA.Side == nextB.Side {
		t.Fatalf("relations %x and %x after %x", nextA.ID, nextB.ID, a.ID)
	}
	thief := newA // knows everything of a, and sees both bodies, but has not the new epoch's private half
	thief.Epoch = a.Epochs[0]
	if got, err := seal.FinishRekey(start(), a, k, thief, answer); err == nil && got.ID == nextA.ID {
		t.Error("the old epoch is enough")
	}
	if got := must(seal.RekeyedTo(answer))(t); len(got) != 32 {
		t.Errorf("answers %x", got)
	}
	other := must(seal.MakeRekey(a, newA))(t)
	if _, err := seal.FinishRekey(start(), a, other, newA, answer); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an answer to another rekey: %v", err)
	}
	if seal.RekeyWins(k.Body, other.Body) == seal.RekeyWins(other.Body, k.Body) {
		t.Error("neither or both of two rekeys win")
	}
	bad := bytes.Clone(k.Body)
	bad[len(bad)-1] ^= 1
	if _, _, err := seal.AnswerRekey(start(), b, bad, newB); err == nil {
		t.Error("answered a rekey that was changed")
	}
}

func TestOwnDevices(t *testing.T) { // §2
	device := func(name string) seal.OwnSide {
		secret := must(seal.NewSecret(newRand(name)))(t)
		return seal.OwnSide{Device: seal.DeviceID([]byte(name)), Private: secret, Public: must(secret.Public())(t), Queues: side(t, name).Queues}
	}
	household := must(seal.NewSeed(newRand("household")))(t)
	one, two := device("device 1"), device("device 2")
	a := must(seal.OwnRelation(household, one, two))(t)
	b := must(seal.OwnRelation(household, two, one))(t)
	envelope := must(must(seal.NewSendContext(a))(t).Seal(newRand("n"), message(t, nil), true))(t)
	if _, m, err := seal.OpenNew(b, envelope); err != nil || m.Kind != seal.Ask {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestChunks(t *testing.T) { // §5.3
	key := must(seal.NewSeed(newRand("chunk")))(t)
	body := bytes.Repeat([]byte("0123456789abcdef"), 9000)
	each := seal.ChunkSize(int64(len(body)))
	c := seal.Chunks{Key: key, Size: int64(len(body)), Each: int64(each)}
	var sealed [][]byte
	for i := 0; i*seal.ChunkRoom(each) < len(body); i++ {
		part := body[i*seal.ChunkRoom(each) : min(len(body), (i+1)*seal.ChunkRoom(each))]
		sealed = append(sealed, must(seal.SealChunk(key, uint64(i), part, each))(t))
		c.At = append(c.At, must(seal.NewChunkRef(newRand("ref"), "wss://one.example/"))(t))
	}
	var got []byte
	for i, s := range sealed {
		if len(s) != each {
			t.Errorf("chunk %d has %d octets", i, len(s))
		}
		got = append(got, must(c.OpenChunk(uint64(i), s))(t)...)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%d octets came back, %d were sealed", len(got), len(body))
	}
	if _, err := c.OpenChunk(1, sealed[0]); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a chunk in another's place: %v", err)
	}
	c.Size += int64(each)
	if c.Check() == nil {
		t.Error("a size that the chunks cannot have")
	}
}

func FuzzInvitation(f *testing.F) {
	h := friends(f)
	f.Add(must(h.invitation.Fragment())(f))
	f.Add("x#AQ")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := seal.ParseInvitation(s)
		if err != nil {
			return
		}
		fragment := must(i.Fragment())(t)
		if !strings.Contains(s, fragment) {
			t.Errorf("%q is read as %q", s, fragment)
		}
	})
}

func FuzzJoin(f *testing.F) {
	h := friends(f)
	f.Add(h.join.Octets)
	f.Fuzz(func(t *testing.T, b []byte) {
		if j, err := seal.OpenJoin(h.invitation, h.private, b); err == nil && j.Peer.Name != "bob" {
			t.Errorf("a join by %q", j.Peer.Name)
		}
	})
}

func FuzzWelcome(f *testing.F) {
	h := friends(f)
	f.Add(h.welcome)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := seal.OpenWelcome(start(), h.invitation, h.join, h.invitee, b); err == nil && m.Peer.Name != "alice" {
			t.Errorf("a welcome by %q", m.Peer.Name)
		}
	})
}

func FuzzRekey(f *testing.F) {
	h := friends(f)
	me := side(f, "again")
	k := must(seal.MakeRekey(h.first.Relation, me))(f)
	answer, _, err := seal.AnswerRekey(start(), h.second.Relation, k.Body, side(f, "too"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.Body, answer)
	f.Fuzz(func(_ *testing.T, rekey, rekeyed []byte) {
		_, _, _ = seal.AnswerRekey(start(), h.second.Relation, rekey, me)
		_, _ = seal.FinishRekey(start(), h.first.Relation, k, me, rekeyed)
		_, _ = seal.RekeyedTo(rekeyed)
	})
}
