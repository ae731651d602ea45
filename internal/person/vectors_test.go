package person

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// vectorsPath is what own devices that are Go nodes and browsers have in common.
const vectorsPath = "../../spec/vectors/person-records.json"

var writeVectors = flag.Bool("write-vectors", false, "make "+vectorsPath+" anew")

type recordVectors struct {
	About   string            `json:"about"`
	Records map[string]string `json:"records"` // kind, and hexadecimal
}

// filled are octets that are told apart by their number.
func filled(n int, with byte) []byte { return bytes.Repeat([]byte{with}, n) }

func madeRecords(t *testing.T) map[string]string {
	box := seal.Mailbox{Relay: "wss://relay.example", Sender: filled(32, 1), Recipient: filled(32, 2)}
	outbox := seal.Mailbox{Relay: "wss://relay.example", Sender: filled(32, 3)}
	locked := seal.Mailbox{Relay: "wss://relay.example", Sender: filled(32, 4), Lock: filled(32, 5)}
	own := seal.Own{
		Name: "alice", Pairwise: filled(32, 6), Notice: filled(32, 7),
		Epoch: seal.Epoch{ID: seal.EpochID(filled(8, 8)), Private: filled(32, 9), Created: 1_790_000_000_000}, Queues: []seal.Mailbox{box},
	}
	join := seal.Join{Octets: filled(40, 10), Export: filled(32, 11)}
	id := [16]byte(filled(16, 12))
	records := map[string]any{
		"profile": profileRecord{Name: "alice"}, "relays": relaysRecord{Relays: []string{"wss://a.example", "wss://b.example"}},
		"backup": backupRecord{Public: filled(1216, 13)}, "due": dueRecord{At: 1_790_000_000_001, By: seal.DeviceID(filled(8, 14))},
		"friend": friendRecord{Since: 1_790_000_000_002, Says: "Bob"}, "name": nameRecord{Name: "bob"},
		"verified": verifiedRecord{At: 5, Code: "12345 67890"}, "blocked": atRecord{At: 6}, "leaving": atRecord{At: 7, Over: true},
		"relation": relationRecord{
			Friend: FriendID(id), Side: 2, Root: filled(32, 15), Pairwise: filled(32, 16), PeerKey: filled(32, 17), Notice: filled(32, 18),
			PeerNotice: filled(1216, 19), Created: 1_790_000_000_003, First: true, Opening: filled(32, 20), Answer: filled(32, 21),
			Code: "1 2 3", Follows: seal.RelationID(filled(16, 22)), Invitation: [16]byte(filled(16, 23)),
		},
		"relation without": relationRecord{Friend: FriendID(id), Side: 1, Root: filled(32, 15)},
		"pending":          pendingRecord{Since: 1, Until: 2, Said: []said{{To: outbox, Body: filled(20, 24)}}},
		"pending without":  pendingRecord{Since: 1},
		"in":               queueRecord{Mailbox: box, Since: 3}, "in until": queueRecord{Mailbox: box, Since: 3, Until: 4},
		"out": outRecord{Queues: []seal.Mailbox{outbox}, Sent: 5}, "out without": outRecord{},
		"epoch": epochRecord{Private: filled(32, 25), Created: 6}, "peer": peerRecord{Public: filled(1216, 26), Seen: 7},
		"invite": inviteRecord{Fragment: "AQ", Private: filled(32, 27), Queues: []seal.Mailbox{box}, Created: 8, For: "bob"},
		"accept": acceptRecord{Fragment: "AQ", Own: own, Join: join, Contact: []seal.Mailbox{locked}, Friend: FriendID(id), Created: 9},
		"rekey":  rekeyRecord{Friend: FriendID(id), Relation: seal.RelationID(id), Own: own, Rekeying: seal.Rekeying{Body: filled(9, 28), Export: filled(32, 29)}, Created: 10},
		"note":   linkNote{Entry: filled(9, 30), From: seal.DeviceID(filled(8, 31))},
		"notice": notice{Roster: filled(9, 32), Secret: filled(32, 33), From: seal.DeviceID(filled(8, 34)), Ack: true},
	}
	out := map[string]string{}
	for kind, v := range records {
		out[kind] = hex.EncodeToString(marshalled(t, v))
	}
	signed, err := roster.Sign(roster.Roster{
		Root: filled(32, 35), Generation: 3, Epoch: 4, Issued: 1_790_000_000_000, Expires: 1_790_000_000_000 + (30 * 24 * time.Hour).Milliseconds(),
		Devices: []roster.Device{
			{Key: device().key().Public().(ed25519.PublicKey), XWing: filled(1216, 36), Name: "laptop", Added: 11, Holds: roster.Holds{Days: 30, Apps: []string{"notes"}}, Relays: []string{"wss://a.example"}},
			{Key: filled(32, 37), XWing: filled(1216, 38), Name: "phone", Added: 12},
		},
		Household: [8]byte(filled(8, 39)), Removed: []seal.DeviceID{seal.DeviceID(filled(8, 40))},
	}, device().key())
	if err != nil {
		t.Fatal(err)
	}
	out["roster"] = hex.EncodeToString(marshalled(t, signed))
	return out
}

func device() localDevice { return localDevice{Seed: filled(32, 41)} }

func marshalled(t *testing.T, v any) []byte {
	t.Helper()
	b, err := seal.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRecordsAreThoseOfTheVectors: what is kept with other programs' devices does
// not change unawares.
func TestRecordsAreThoseOfTheVectors(t *testing.T) { // §6.1
	made := recordVectors{
		About:   "Records of the app .person, notes of links, sealed rosters' contents and a signed roster, as CBOR in hexadecimal.",
		Records: madeRecords(t),
	}
	if *writeVectors {
		b, err := json.MarshalIndent(made, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorsPath, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	var kept recordVectors
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	for kind, octets := range made.Records {
		if kept.Records[kind] != octets {
			t.Errorf("%s is %s, and was %s", kind, octets, kept.Records[kind])
		}
	}
	if len(kept.Records) != len(made.Records) {
		t.Errorf("%d records, of which %d are made", len(kept.Records), len(made.Records))
	}
}
