package mailbox_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/kith-web/kith/internal/mailbox"
)

// vectors is the file that tests of other languages read too. Octets are
// hexadecimal.
const vectors = "../../spec/vectors/mailbox.json"

type vectorFile struct {
	Comment string   `json:"comment"`
	Relay   string   `json:"relay"`
	Nonce   string   `json:"nonce"`
	Queue   queueV   `json:"queue"`
	Records []record `json:"records"`
	Bad     []string `json:"malformed"`
	Welcome welcomeV `json:"welcome"`
	Single  singleV  `json:"single_put"`
}

type queueV struct {
	RecipientSeed string `json:"recipient_seed"`
	RecipientKey  string `json:"recipient_key"`
	RID           string `json:"rid"`
	SenderSeed    string `json:"sender_seed"`
	SenderKey     string `json:"sender_key"`
	SID           string `json:"sid"`
	NextSeed      string `json:"next_sender_seed"`
}

type record struct {
	Name string `json:"name"`
	Wire string `json:"wire"`
}

type welcomeV struct {
	Wire   string         `json:"wire"`
	Limits mailbox.Limits `json:"limits"`
}

type singleV struct {
	Body      string `json:"body"`
	Signature string `json:"signature"`
	Request   string `json:"request_without_body"`
}

func seed(b byte) []byte {
	s := make([]byte, ed25519.SeedSize)
	for i := range s {
		s[i] = b + byte(i)
	}
	return s
}

// compute makes the vectors from seeds.
func compute(t *testing.T) vectorFile {
	recipient, sender, next := ed25519.NewKeyFromSeed(seed(1)), ed25519.NewKeyFromSeed(seed(64)), ed25519.NewKeyFromSeed(seed(128))
	place := mailbox.Place{Relay: mailbox.PublicKey(ed25519.NewKeyFromSeed(seed(200))), Nonce: [32]byte(seed(33))}
	rk, sk := mailbox.PublicKey(recipient), mailbox.PublicKey(sender)
	rid, sid := mailbox.RecipientID(rk), mailbox.SenderID(sk)
	id := mailbox.MessageID(seed(77))
	body := make([]byte, 1536)
	for i := range body {
		body[i] = byte(i * 7)
	}
	limits := mailbox.Limits{
		Messages: 128, Octets: 2 << 20, LeaseSeconds: 30, Proofs: 2048, ChunkOctets: 4 << 20, ChunkHours: 48, Flags: mailbox.FlagForwards,
	}
	w := mailbox.WelcomePayload{Version: mailbox.Version, Relay: place.Relay, Nonce: place.Nonce, Limits: limits}
	welcome, err := w.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	single := mailbox.NewSinglePut(place.Relay, sid, sender, id, 7, body)
	h := hex.EncodeToString
	f := vectorFile{
		Comment: "Mailboxes, version 1, as in spec/mailbox.md. Octets are hexadecimal. Seeds are of Ed25519 keys (RFC 8032). Signatures are for the relay and the nonce given. Bodies, where they are left out, are the octets 7 i mod 256 for i from 0 to 1535.",
		Relay:   h(place.Relay[:]), Nonce: h(place.Nonce[:]),
		Queue: queueV{
			RecipientSeed: h(seed(1)), RecipientKey: h(rk[:]), RID: h(rid[:]),
			SenderSeed: h(seed(64)), SenderKey: h(sk[:]), SID: h(sid[:]), NextSeed: h(seed(128)),
		},
		Welcome: welcomeV{h(mailbox.Append(nil, mailbox.Welcome, 1, welcome)), limits},
		Single:  singleV{h(body[:16]) + " …", h(single.Signature[:]), h(single.Append(nil)[:24+16+1+32+64])},
	}
	for i, c := range []struct {
		name    string
		t       mailbox.Type
		payload []byte
	}{
		{"HELLO with the token \"token\"", mailbox.Hello, mailbox.HelloPayload{Version: mailbox.Version, Token: []byte("token")}.Append(nil)},
		{"PROVE, recipient", mailbox.Prove, place.Prove(mailbox.Recipient, rid, recipient).Append(nil)},
		{"PROVE, sender", mailbox.Prove, place.Prove(mailbox.Sender, sid, sender).Append(nil)},
		{"PROVE, sender, after LOCK", mailbox.Prove, place.Prove(mailbox.Sender, sid, next).Append(nil)},
		{"NEW, 7 days", mailbox.New, place.New(recipient, sk, 7).Append(nil)},
		{"SUB, 16", mailbox.Sub, mailbox.CreditPayload{Recipient: rid, More: 16}.Append(nil)},
		{"CREDIT, 3", mailbox.Credit, mailbox.CreditPayload{Recipient: rid, More: 3}.Append(nil)},
		{"PUT without its body", mailbox.Put, mailbox.PutPayload{Sender: sid, ID: id, Days: 1}.AppendHead(nil)},
		{"ACK of 5 and 1099511627776", mailbox.Ack, mailbox.AckPayload{Recipient: rid, Numbers: []uint64{5, 1 << 40}}.Append(nil)},
		{"BACK of 5 for 60 seconds", mailbox.Back, mailbox.BackPayload{Recipient: rid, Number: 5, Seconds: 60}.Append(nil)},
		{"LOCK", mailbox.Lock, place.Lock(sid, sender, mailbox.PublicKey(next)).Append(nil)},
		{"DEL", mailbox.Del, rid[:]},
		{"PUSH of {}", mailbox.Push, mailbox.PushPayload{Recipient: rid, Subscription: []byte("{}")}.Append(nil)},
		{"TICKET, sender, class 2, 3 of them", mailbox.Ticket, mailbox.TicketPayload{Role: mailbox.Sender, ID: sid, Class: 2, Count: 3}.Append(nil)},
		{"PING", mailbox.Ping, nil},
		{"OK", mailbox.OK, nil},
		{"NO", mailbox.No, nil},
		{"WAIT, 60", mailbox.Wait, mailbox.AppendWait(nil, 60)},
		{"MSG 5 without its body", mailbox.Msg, mailbox.MsgPayload{Recipient: rid, Number: 5, ID: id}.AppendHead(nil)},
		{"MOVED", mailbox.Moved, nil},
	} {
		f.Records = append(f.Records, record{c.name, h(mailbox.Append(nil, c.t, uint32(i+1), c.payload))})
	}
	ping := mailbox.Append(nil, mailbox.Ping, 1)
	f.Bad = []string{"", h(ping[:8]), h(append(ping[:5:5], 0, 0, 0, 1)), h(append(ping[:5:5], 0xff, 0xff, 0xff, 0xff, 0))}
	return f
}

// TestVectors demands what spec/vectors/mailbox.json says; -update writes it.
func TestVectors(t *testing.T) {
	got, err := json.MarshalIndent(compute(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(vectors, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("what is computed differs from %s: go test -run TestVectors -update", vectors)
	}
}

var update = flag.Bool("update", false, "write the vectors")

// TestVectorsAreRead takes the octets of the file apart again.
func TestVectorsAreRead(t *testing.T) {
	data, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	place := mailbox.Place{Relay: mailbox.Key(octets(t, f.Relay)), Nonce: [32]byte(octets(t, f.Nonce))}
	for i, r := range f.Records {
		got, rest, err := mailbox.Next(octets(t, r.Wire))
		if err != nil || len(rest) > 0 || got.Tag != uint32(i+1) {
			t.Errorf("%s: tag %d, %d octets more, %v", r.Name, got.Tag, len(rest), err)
		}
		var ok bool
		switch got.Type {
		case mailbox.Prove:
			p, err := mailbox.ParseProve(got.Payload)
			ok = err == nil && p.Verify(place) && !p.Verify(mailbox.Place{Relay: place.Relay})
		case mailbox.New:
			p, err := mailbox.ParseNew(got.Payload)
			ok = err == nil && p.Verify(place) && !p.Verify(mailbox.Place{Nonce: place.Nonce})
		case mailbox.Lock:
			p, err := mailbox.ParseLock(got.Payload)
			ok = err == nil && p.Verify(place, mailbox.Key(octets(t, f.Queue.SenderKey))) && !p.Verify(place, p.Key)
		default:
			ok = true
		}
		if !ok {
			t.Errorf("%s: the signature is not good, or good for too much", r.Name)
		}
	}
	for _, b := range f.Bad {
		if r, _, err := mailbox.Next(octets(t, b)); err == nil {
			t.Errorf("%q is taken for %+v", b, r)
		}
	}
	r, _, err := mailbox.Next(octets(t, f.Welcome.Wire))
	if err != nil {
		t.Fatal(err)
	}
	w, err := mailbox.ParseWelcome(r.Payload)
	if err != nil || w.Relay != place.Relay || w.Limits.Octets != f.Welcome.Limits.Octets {
		t.Errorf("WELCOME reads as %+v, %v", w, err)
	}
}

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
