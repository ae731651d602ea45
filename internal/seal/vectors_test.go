package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/seal"
)

const vectorsFile = "../../spec/vectors/private-sharing.json"

// octets are written as hex.
type octets []byte

func (o octets) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(o)), nil }
func (o *octets) UnmarshalText(b []byte) (err error) {
	*o, err = hex.DecodeString(string(b))
	return err
}

// vectors is spec/vectors/private-sharing.json. Encapsulations are random, so
// they are opened, by whoever reads them; what follows from them is the same for
// everybody.
type vectors struct {
	About      string             `json:"about"`
	Keys       []keyVector        `json:"keys"`
	Devices    []deviceVector     `json:"devices"`
	Contexts   []contextVector    `json:"contexts"`
	Invitation []invitationVector `json:"invitations"`
	Handshake  handshakeVector    `json:"handshake"`
	Rekey      rekeyVector        `json:"rekey"`
	Chunks     []chunkVector      `json:"chunks"`
	Household  householdVector    `json:"household"`
	PutIDs     []putVector        `json:"put_ids"`
}

type keyVector struct {
	Secret octets `json:"secret"`
	Public octets `json:"public"`
	Epoch  octets `json:"epoch"`
}

type deviceVector struct {
	Seed octets `json:"root_seed"`
	Root octets `json:"root_public"`
	ID   octets `json:"device_of_root"` // the device id that this key would have
}

type contextVector struct {
	Note      string           `json:"note"`
	Root      octets           `json:"root"`
	Relation  octets           `json:"relation"`
	Direction int              `json:"direction"`
	Notice    bool             `json:"notice"`
	Secret    octets           `json:"secret"`
	Enc       octets           `json:"enc"`
	ID        octets           `json:"context"`
	Key       octets           `json:"key"`
	Envelopes []envelopeVector `json:"envelopes"`
}

type envelopeVector struct {
	WithEnc  bool          `json:"with_enc"`
	Nonce    octets        `json:"nonce"`
	Message  messageVector `json:"message"`
	Plain    octets        `json:"encoded"`
	Envelope octets        `json:"envelope"`
}

type messageVector struct {
	Kind    int      `json:"kind"`
	ID      octets   `json:"id"`
	Number  uint64   `json:"number"`
	Sent    int64    `json:"sent"`
	Expires int64    `json:"expires"`
	Body    octets   `json:"body"`
	Known   []octets `json:"known"`
	Epoch   octets   `json:"epoch"`
}

type invitationVector struct {
	Kind     int      `json:"kind"`
	Hours    int64    `json:"expires_hours"`
	Secret   octets   `json:"secret"`
	Public   octets   `json:"public"`
	Relays   []string `json:"relays"`
	Fragment string   `json:"fragment"`
	ID       octets   `json:"id"`
	Senders  []octets `json:"sender_seeds"`
}

type queueVector struct {
	Relay     string `json:"relay"`
	Sender    octets `json:"sender_seed"`
	Recipient octets `json:"recipient_seed"`
}

type ownVector struct {
	Name     string        `json:"name"`
	Pairwise octets        `json:"pairwise_seed"`
	Notice   octets        `json:"notice_secret"`
	Epoch    octets        `json:"epoch_secret"`
	Queues   []queueVector `json:"queues"`
}

type handshakeVector struct {
	Fragment   string    `json:"fragment"`
	Private    octets    `json:"invitation_private"`
	Now        int64     `json:"now"`
	Inviter    ownVector `json:"inviter"`
	Invitee    ownVector `json:"invitee"`
	Join       octets    `json:"join"`
	JoinExport octets    `json:"join_export"`
	Welcome    octets    `json:"welcome"`
	Transcript octets    `json:"transcript"`
	Confirm    octets    `json:"confirm"`
	Root       octets    `json:"root"`
	Relation   octets    `json:"relation"`
	InviterIs  int       `json:"inviter_direction"`
	Safety     string    `json:"safety"`
	Relay      string    `json:"relay"` // whose copies the veiled ones are
	Join1      octets    `json:"veiled_join"`
	Welcome2   octets    `json:"veiled_welcome"`
}

type rekeyVector struct {
	About    string    `json:"about"`
	Old      octets    `json:"old_root"`
	First    ownVector `json:"first"`
	Second   ownVector `json:"second"`
	Export   octets    `json:"rekey_export"`
	Rekey    octets    `json:"rekey"`
	Rekeyed  octets    `json:"rekeyed"`
	Root     octets    `json:"root"`
	Relation octets    `json:"relation"`
}

type chunkVector struct {
	Key   octets `json:"key"`
	Index uint64 `json:"index"`
	Part  octets `json:"part"`
	Size  int    `json:"size"`
	Hash  octets `json:"sha256_of_chunk"`
}

type putVector struct {
	Sender  octets `json:"sender_seed"`
	Context octets `json:"context"`
	ID      octets `json:"message_id"`
	PutID   octets `json:"put_id"`
}

type householdVector struct {
	Secret  octets      `json:"secret"`
	ID      octets      `json:"id"`
	Private octets      `json:"device_secret"`
	Content octets      `json:"content"`
	Sealed  octets      `json:"sealed_to_device"` // info "kith household 1"
	One     octets      `json:"device_one"`
	Two     octets      `json:"device_two"`
	Root    octets      `json:"own_root"`
	Queue   queueVector `json:"own_queue"`     // direction 1
	Rosters queueVector `json:"roster_queue"`  // of device_one
	Backup  octets      `json:"backup_secret"` // of the person whose seed is secret
	File    octets      `json:"backup_file"`   // holds "a backup"
}

func checkHousehold(t *testing.T, v householdVector) {
	t.Helper()
	id := seal.HouseholdOf(v.Secret)
	same(t, "household id", id[:], v.ID)
	same(t, "sealed to a device", must(seal.OpenTo(seal.Secret(v.Private), "kith household 1", v.Sealed))(t), v.Content)
	root := seal.OwnRoot(v.Secret, seal.DeviceID(v.Two), seal.DeviceID(v.One))
	same(t, "own root", root, v.Root)
	for _, q := range []struct {
		got  seal.Mailbox
		want queueVector
	}{
		{seal.OwnQueue(root, 1, v.Queue.Relay), v.Queue},
		{seal.RosterQueue(v.Secret, seal.DeviceID(v.One), v.Rosters.Relay), v.Rosters},
	} {
		same(t, "sender", q.got.Sender, q.want.Sender)
		same(t, "recipient", q.got.Recipient, q.want.Recipient)
	}
	same(t, "backup key", must(seal.BackupKey(v.Secret))(t), v.Backup)
	same(t, "backup", must(seal.OpenFile(seal.Secret(v.Backup), "kith backup 1", v.File))(t), []byte("a backup"))
}

// TestVectors opens, derives and seals everything that the file names.
func TestVectors(t *testing.T) {
	if flag.Lookup("write-vectors").Value.String() == "true" {
		b := must(json.MarshalIndent(makeVectors(t), "", " "))(t)
		if err := os.WriteFile(vectorsFile, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var v vectors
	if err := json.Unmarshal(must(os.ReadFile(vectorsFile))(t), &v); err != nil {
		t.Fatal(err)
	}
	for _, k := range v.Keys {
		public := must(seal.Secret(k.Secret).Public())(t)
		epoch := seal.EpochOf(public)
		same(t, "public key", public, k.Public)
		same(t, "epoch", epoch[:], k.Epoch)
	}
	for _, d := range v.Devices {
		root := must(seal.RootKey(d.Seed))(t)
		id := seal.DeviceOf(ed25519.PublicKey(octetsOf(root)))
		same(t, "root", octetsOf(root), d.Root)
		same(t, "device", id[:], d.ID)
	}
	for _, c := range v.Contexts {
		checkContext(t, c)
	}
	for _, i := range v.Invitation {
		checkInvitation(t, i)
	}
	checkHandshake(t, v.Handshake)
	checkRekey(t, v)
	for _, c := range v.Chunks {
		sum := sha256.Sum256(must(seal.SealChunk(c.Key, c.Index, c.Part, c.Size))(t))
		same(t, "chunk", sum[:], c.Hash)
	}
	checkHousehold(t, v.Household)
	for _, p := range v.PutIDs {
		id := seal.PutID(seal.Mailbox{Sender: p.Sender}, seal.ContextID(p.Context), seal.MessageID(p.ID))
		same(t, "put id", id[:], p.PutID)
	}
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %x, not %x", what, got, want)
	}
}

func checkContext(t *testing.T, c contextVector) {
	t.Helper()
	r := seal.Relation{ID: seal.RelationOf(c.Root), Side: seal.Side(c.Direction).Other(), Root: c.Root}
	same(t, "relation", r.ID[:], c.Relation)
	if c.Notice {
		r.Notice = seal.Secret(c.Secret)
	} else {
		r.Epochs = []seal.Epoch{{Private: seal.Secret(c.Secret)}}
	}
	if len(c.Envelopes) == 0 || !c.Envelopes[0].WithEnc {
		t.Fatal("the first envelope of a context has to carry its encapsulation")
	}
	open, _, err := seal.OpenNew(r, c.Envelopes[0].Envelope)
	if err != nil {
		t.Fatalf("%s: %v", c.Note, err)
	}
	same(t, "context", open.ID[:], c.ID)
	same(t, "context key", open.Key, c.Key)
	for _, e := range c.Envelopes {
		m := must(open.Open(e.Envelope))(t)
		if got := shownMessage(m); !sameJSON(t, got, e.Message) {
			t.Errorf("%s: message %+v, not %+v", c.Note, got, e.Message)
		}
		same(t, "message", must(seal.Marshal(m))(t), e.Plain)
		var send seal.SendContext // the sending end: what the receiving one knows
		if err := seal.Unmarshal(must(seal.Marshal(open))(t), &send); err != nil {
			t.Fatal(err)
		}
		same(t, "envelope", must(send.Seal(bytes.NewReader(e.Nonce), m, e.WithEnc))(t), e.Envelope)
	}
}

func checkInvitation(t *testing.T, v invitationVector) {
	t.Helper()
	i := must(seal.ParseInvitation(v.Fragment))(t)
	id := must(i.ID())(t)
	if int(i.Kind) != v.Kind || i.Expires.Unix() != v.Hours*3600 || !sameJSON(t, i.Relays, v.Relays) {
		t.Errorf("invitation %+v", i)
	}
	same(t, "secret", i.Secret, v.Secret)
	same(t, "key", i.Public, v.Public)
	same(t, "id", id[:], v.ID)
	for n, relay := range i.Relays {
		same(t, "sender seed", i.Queue(relay).Sender, v.Senders[n])
	}
	again := seal.Invitation{Kind: seal.Kind(v.Kind), Expires: time.Unix(v.Hours*3600, 0), Secret: v.Secret, Public: v.Public, Relays: v.Relays}
	if got := must(again.Fragment())(t); got != v.Fragment {
		t.Errorf("fragment %s, not %s", got, v.Fragment)
	}
}

func checkHandshake(t *testing.T, v handshakeVector) {
	t.Helper()
	i, now := must(seal.ParseInvitation(v.Fragment))(t), time.UnixMilli(v.Now)
	same(t, "join", must(i.Veil(1, v.Relay, v.Join1))(t), v.Join)
	same(t, "welcome", must(i.Veil(2, v.Relay, v.Welcome2))(t), v.Welcome)
	joining := must(seal.OpenJoin(i, v.Private, v.Join))(t)
	same(t, "join export", joining.Join.Export, v.JoinExport)
	if joining.Peer.Name != v.Invitee.Name || joining.Peer.Queues[0].Relay != v.Invitee.Queues[0].Relay {
		t.Errorf("join by %+v", joining.Peer)
	}
	m := must(seal.OpenWelcome(now, i, joining.Join, ownOf(t, v.Invitee, now), v.Welcome))(t)
	same(t, "transcript", m.Transcript, v.Transcript)
	same(t, "confirm", m.Welcome, v.Confirm)
	same(t, "root", m.Relation.Root, v.Root)
	same(t, "relation", m.Relation.ID[:], v.Relation)
	if int(m.Relation.Side.Other()) != v.InviterIs {
		t.Errorf("the invitee's direction is %d", m.Relation.Side)
	}
	if got := must(m.Safety())(t); got != v.Safety {
		t.Errorf("safety code %s, not %s", got, v.Safety)
	}
}

func checkRekey(t *testing.T, v vectors) {
	t.Helper()
	h, now := v.Handshake, time.UnixMilli(v.Handshake.Now)
	i := must(seal.ParseInvitation(h.Fragment))(t)
	joining := must(seal.OpenJoin(i, h.Private, h.Join))(t)
	m := must(seal.OpenWelcome(now, i, joining.Join, ownOf(t, h.Invitee, now), h.Welcome))(t)
	same(t, "old root", m.Relation.Root, v.Rekey.Old)
	k := seal.Rekeying{Body: v.Rekey.Rekey, Export: v.Rekey.Export}
	next := must(seal.FinishRekey(now, m.Relation, k, ownOf(t, v.Rekey.First, now), v.Rekey.Rekeyed))(t)
	same(t, "root after rekey", next.Root, v.Rekey.Root)
	same(t, "relation after rekey", next.ID[:], v.Rekey.Relation)
}
