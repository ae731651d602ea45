package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"io"
	"os"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

func TestMain(m *testing.M) {
	flag.Bool("write-vectors", false, "make spec/vectors/private-sharing.json anew")
	os.Exit(m.Run())
}

func octetsOf(k ed25519.PrivateKey) octets { return octets(k.Public().(ed25519.PublicKey)) }

func sameJSON(t testing.TB, a, b any) bool {
	t.Helper()
	return bytes.Equal(must(json.Marshal(a))(t), must(json.Marshal(b))(t))
}

func shownMessage(m seal.Message) messageVector {
	v := messageVector{Kind: int(m.Kind), ID: m.ID[:], Number: m.Number, Sent: m.Sent, Expires: m.Expires, Body: octets(m.Body), Epoch: m.Epoch}
	for _, k := range m.Known {
		v.Known = append(v.Known, k[:])
	}
	return v
}

func shownOwn(o seal.Own) ownVector {
	v := ownVector{Name: o.Name, Pairwise: o.Pairwise, Notice: octets(o.Notice), Epoch: octets(o.Epoch.Private)}
	for _, q := range o.Queues {
		v.Queues = append(v.Queues, queueVector{q.Relay, q.Sender, q.Recipient})
	}
	return v
}

func ownOf(t testing.TB, v ownVector, now time.Time) seal.Own {
	t.Helper()
	secret := seal.Secret(v.Epoch)
	o := seal.Own{
		Name: v.Name, Pairwise: v.Pairwise, Notice: seal.Secret(v.Notice),
		Epoch: seal.Epoch{ID: seal.EpochOf(must(secret.Public())(t)), Private: secret, Created: now.UnixMilli()},
	}
	for _, q := range v.Queues {
		o.Queues = append(o.Queues, seal.Mailbox{Relay: q.Relay, Sender: q.Sender, Recipient: q.Recipient})
	}
	return o
}

func makeVectors(t testing.TB) vectors {
	h := friends(t)
	v := vectors{
		About:     "Vectors of spec/private-sharing.md. Octets are hex, times milliseconds since 1970. Encapsulations were random when this was made: open them with the secret beside them; everything else follows.",
		Handshake: madeHandshake(t, h), Rekey: madeRekey(t, h),
		Contexts: madeContexts(t, h), Household: madeHousehold(t),
	}
	for _, label := range []string{"key one", "key two"} {
		secret := must(seal.NewSecret(newRand(label)))(t)
		public := must(secret.Public())(t)
		epoch := seal.EpochOf(public)
		v.Keys = append(v.Keys, keyVector{octets(secret), public, epoch[:]})
		root := must(seal.RootKey(secret))(t)
		id := seal.DeviceOf(ed25519.PublicKey(octetsOf(root)))
		v.Devices = append(v.Devices, deviceVector{octets(secret), octetsOf(root), id[:]})
	}
	own, _, err := seal.NewInvitation(newRand("link"), seal.OwnDevice, start().Add(time.Hour), []string{"ws://127.0.0.1:4000"})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []seal.Invitation{h.invitation, own} {
		id := must(i.ID())(t)
		x := invitationVector{int(i.Kind), i.Expires.Unix() / 3600, i.Secret, i.Public, i.Relays, must(i.Fragment())(t), id[:], nil}
		for _, r := range i.Relays {
			x.Senders = append(x.Senders, i.Queue(r).Sender)
		}
		v.Invitation = append(v.Invitation, x)
	}
	for _, m := range h.first.Relation.Out {
		id := seal.PutID(m, seal.ContextID{1, 2}, seal.MessageID{3, 4})
		context, message := seal.ContextID{1, 2}, seal.MessageID{3, 4}
		v.PutIDs = append(v.PutIDs, putVector{m.Sender, context[:], message[:], id[:]})
	}
	for n, part := range [][]byte{[]byte("the first part"), {}} {
		c := chunkVector{Key: must(seal.NewSeed(newRand("chunk")))(t), Index: uint64(n), Part: part, Size: 65536}
		sum := sha256.Sum256(must(seal.SealChunk(c.Key, c.Index, c.Part, c.Size))(t))
		c.Hash = sum[:]
		v.Chunks = append(v.Chunks, c)
	}
	return v
}

func madeHandshake(t testing.TB, h handshake) handshakeVector {
	return handshakeVector{
		Fragment: must(h.invitation.Fragment())(t), Private: h.private, Now: start().UnixMilli(),
		Inviter: shownOwn(h.inviter), Invitee: shownOwn(h.invitee),
		Join: h.join.Octets, JoinExport: h.join.Export, Welcome: h.welcome,
		Transcript: h.first.Transcript, Confirm: h.first.Welcome, Root: h.first.Relation.Root, Relation: h.first.Relation.ID[:],
		InviterIs: int(h.first.Relation.Side), Safety: must(h.first.Safety())(t),
		Relay: "wss://one.example/", Join1: must(h.invitation.Veil(1, "wss://one.example/", h.join.Octets))(t),
		Welcome2: must(h.invitation.Veil(2, "wss://one.example/", h.welcome))(t),
	}
}

func madeRekey(t testing.TB, h handshake) rekeyVector {
	first, second := side(t, "bob again"), side(t, "alice again")
	k := must(seal.MakeRekey(h.second.Relation, first))(t)
	answer, next, err := seal.AnswerRekey(start(), h.first.Relation, k.Body, second)
	if err != nil {
		t.Fatal(err)
	}
	return rekeyVector{
		About: "the invitee of the handshake begins; the bodies of rekey and rekeyed",
		Old:   h.first.Relation.Root, First: shownOwn(first), Second: shownOwn(second),
		Export: k.Export, Rekey: k.Body, Rekeyed: answer, Root: next.Root, Relation: next.ID[:],
	}
}

func madeContexts(t testing.TB, h handshake) []contextVector {
	a, b := h.first.Relation, h.second.Relation
	request := message(t, seal.Request{Method: "GET", Path: "/photos/1", Header: map[string]string{"if-none-match": `"1"`}, Most: 1 << 20, Within: 30_000})
	response := message(t, seal.Response{To: request.ID, Status: 200, Header: map[string]string{"content-type": "text/plain"}, Body: []byte("hello")})
	response.Kind, response.ID, response.Number, response.Known = seal.Answer, seal.MessageID{2}, 2, []seal.ContextID{{1, 2, 3}}
	keys := message(t, nil)
	keys.Kind, keys.Epoch = seal.Keys, must(side(t, "next").Epoch.Private.Public())(t)
	lost := message(t, seal.ContextID{8, 7, 6, 5, 4, 3, 2, 1})
	lost.Kind = seal.Unknown
	return []contextVector{
		madeContext(t, "a request and a response to an epoch", must(seal.NewSendContext(a))(t), b.Epochs[0].Private, a, request, response),
		madeContext(t, "a new epoch", must(seal.NewSendContext(b))(t), a.Epochs[0].Private, b, keys, request),
		madeContext(t, "unknown, to the notice key", must(seal.NewNoticeContext(a))(t), b.Notice, a, lost),
	}
}

func madeContext(t testing.TB, note string, c seal.SendContext, secret seal.Secret, r seal.Relation, messages ...seal.Message) contextVector {
	v := contextVector{
		Note: note, Root: r.Root, Relation: r.ID[:], Direction: int(c.Direction), Notice: c.Notice,
		Secret: octets(secret), Enc: c.Enc, ID: c.ID[:], Key: c.Key,
	}
	for i, m := range messages {
		nonce := make([]byte, 12)
		if _, err := io.ReadFull(newRand(note+string(rune('0'+i))), nonce); err != nil {
			t.Fatal(err)
		}
		e := envelopeVector{WithEnc: i == 0, Nonce: nonce, Message: shownMessage(m), Plain: must(seal.Marshal(m))(t)}
		e.Envelope = must(c.Seal(bytes.NewReader(nonce), m, e.WithEnc))(t)
		v.Envelopes = append(v.Envelopes, e)
	}
	return v
}

func madeHousehold(t testing.TB) householdVector {
	secret := must(seal.NewSeed(newRand("household")))(t)
	device := must(seal.NewSecret(newRand("device")))(t)
	one, two := seal.DeviceID([]byte("device 1")), seal.DeviceID([]byte("device 2"))
	root, id := seal.OwnRoot(secret, one, two), seal.HouseholdOf(secret)
	const relay = "wss://one.example/"
	queue, rosters := seal.OwnQueue(root, 1, relay), seal.RosterQueue(secret, one, relay)
	return householdVector{
		Secret: secret, ID: id[:], Private: octets(device), Content: octets("a roster"),
		Sealed: must(seal.SealTo(newRand("nonce"), must(device.Public())(t), "kith household 1", []byte("a roster")))(t),
		One:    one[:], Two: two[:], Root: root,
		Queue:   queueVector{queue.Relay, queue.Sender, queue.Recipient},
		Rosters: queueVector{rosters.Relay, rosters.Sender, rosters.Recipient},
		Backup:  octets(must(seal.BackupKey(secret))(t)),
		File:    must(seal.SealFile(newRand("nonce"), must(must(seal.BackupKey(secret))(t).Public())(t), "kith backup 1", []byte("a backup")))(t),
	}
}
