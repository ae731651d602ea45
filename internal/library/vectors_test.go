package library

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/library/reconcile"
	"github.com/kith-web/kith/internal/seal"
)

// vectorsPath is what own devices that are nodes and browsers have in common
// (web/test/peer/library-vectors.test.ts).
const vectorsPath = "../../spec/vectors/library.json"

var writeVectors = flag.Bool("write-vectors", false, "make "+vectorsPath+" anew")

type libraryVectors struct {
	About    string            `json:"about"`
	Notes    map[string]string `json:"notes"`    // bodies of items, reconcile and reset
	Receipts map[string]string `json:"receipts"` // values of receipt/<group>/<id>
	Lists    map[string]string `json:"lists"`    // records of one list
	Purges   map[string]string `json:"purges"`   // bodies of purge and purged
	Tag      tagVector         `json:"tag"`
	ETag     etagVector        `json:"etag"`
	Rounds   []roundVector     `json:"rounds"`
}

type tagVector struct {
	Key  string `json:"key"`
	Body string `json:"body"`
	Tag  string `json:"tag"`
}

type etagVector struct {
	Handle   string `json:"handle"`
	Revision string `json:"revision"`
	Friend   string `json:"friend"`
	ETag     string `json:"etag"`
}

// roundVector is a comparison of two sets, to its end.
type roundVector struct {
	Salt     string          `json:"salt"`
	Sets     [2][]string     `json:"sets"`
	Messages []messageVector `json:"messages"`
}

// messageVector is what one side says, and what the other then sends.
type messageVector struct {
	Message string   `json:"message"`
	Send    []string `json:"send"` // in any order
	Equal   bool     `json:"equal"`
}

func filled(n int, with byte) []byte { return bytes.Repeat([]byte{with}, n) }

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := seal.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

func madeItem() record {
	return record{
		Handle: Handle(filled(16, 1)), Revision: Revision(filled(16, 2)), App: "album", Path: "posts/ü", Type: "text/plain", Size: 5,
		Labels: []string{"a", "b"}, Audience: Audience{Some, []seal.RelationID{{3}, {4}}, []ListHandle{{5}}}, Key: filled(32, 6),
		Created: 1_790_000_000_000, Modified: 1_790_000_000_001, Inline: []byte("hello"), Tag: filled(16, 7), By: seal.DeviceID(filled(8, 8)),
	}
}

func madeVectors(t *testing.T) libraryVectors {
	item := madeItem()
	bare := record{Handle: Handle{9}, Revision: Revision{1}, Path: "x", Key: filled(32, 1), By: seal.DeviceID{1}}
	large := item
	large.Size, large.Inline = 1<<33, nil
	grave := record{Handle: Handle(filled(16, 1)), Revision: Revision(filled(16, 3)), Until: 1_797_776_000_000, By: seal.DeviceID(filled(8, 8))}
	asked := receipt{
		ID: [16]byte(filled(16, 1)), Friend: seal.RelationID(filled(16, 2)), Paths: []string{"a", ".app/album/ü"}, Asked: 1_790_000_000_000,
		State: Asked, By: seal.DeviceID(filled(8, 3)), Deleted: true,
	}
	settled := asked
	settled.State, settled.Settled, settled.Nothing, settled.Deleted = Unreachable, 1_790_000_000_002, true, false
	key, text := filled(32, 9), []byte("what a body is")
	h := body.NewTag(key)
	h.Write(text)
	tag := body.Sum(h)
	list := ListHandle(filled(16, 10))
	return libraryVectors{
		About: "What own devices tell one another (spec/private-sharing.md §6), as CBOR in hexadecimal, and comparisons.",
		Notes: map[string]string{
			"items":     encoded(t, note{Horizon: 3, Seq: 4, Time: 1_790_000_000_000, Records: []record{item, bare, large, grave}}),
			"compare":   encoded(t, note{Round: filled(8, 1), Ranges: reconcile.New().Open()[:3], Seq: 1 << 40, Time: 5, Hops: 2}),
			"agree":     encoded(t, note{Round: filled(8, 1), Horizon: 9, Seq: 1, Time: 1, Done: true}),
			"nothing":   encoded(t, note{}),
			"unsettled": encoded(t, note{Horizon: 24, Seq: 256, Time: 65536, Hops: 255}),
		},
		Receipts: map[string]string{
			"asked": encoded(t, asked), "settled": encoded(t, settled),
			"done": encoded(t, receipt{Asked: 1, State: Confirmed, Settled: 2, By: seal.DeviceID{1}, Reached: 3, Missed: 4}),
		},
		Lists: map[string]string{
			listKey(list): hex.EncodeToString([]byte("fämily")), memberKey(list, seal.RelationID(filled(16, 11))): "01",
		},
		Purges: map[string]string{
			"purge":  encoded(t, purge{ID: [16]byte(filled(16, 1)), Paths: []string{"a", "b/"}}),
			"all":    encoded(t, purge{ID: [16]byte(filled(16, 1)), All: true}),
			"purged": encoded(t, purged{ID: [16]byte(filled(16, 1)), Nothing: true}),
		},
		Tag: tagVector{hex.EncodeToString(key), string(text), hex.EncodeToString(tag[:])},
		ETag: etagVector{
			item.Handle.String(), item.Revision.String(), hex.EncodeToString(filled(16, 12)),
			etag(item.Handle, item.Revision, seal.RelationID(filled(16, 12))),
		},
		Rounds: []roundVector{compared(t, 30, 0), compared(t, 90, 7), compared(t, 300, 80)},
	}
}

// compared is the comparison of two sets of n elements, of which so many differ.
func compared(t *testing.T, n, differ int) roundVector {
	salt := filled(8, byte(n))
	v := roundVector{Salt: hex.EncodeToString(salt)}
	sets := [2]*reconcile.Set{reconcile.New(), reconcile.New()}
	for i := range n {
		h := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(n)})
		if i%2 == 0 {
			h[0] = 0 // so many that the range is told in parts
		}
		for side := range 2 {
			e := reconcile.Element(h)
			if i < differ {
				e[31] = byte(side)
				if i%3 == side {
					continue // only the other has it
				}
			}
			sets[side].Add(e)
			v.Sets[side] = append(v.Sets[side], hex.EncodeToString(e[:]))
		}
	}
	message := sets[0].Open()
	for side := 1; ; side = 1 - side {
		r, err := sets[side].Answer(salt, message, reconcile.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		m := messageVector{Message: hex.EncodeToString(message), Send: []string{}, Equal: r.Equal}
		for _, e := range r.Send {
			m.Send = append(m.Send, hex.EncodeToString(e[:]))
		}
		v.Messages = append(v.Messages, m)
		if message = r.Message; len(message) == 0 {
			return v
		}
	}
}

func TestVectors(t *testing.T) {
	made, err := json.MarshalIndent(madeVectors(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *writeVectors {
		if err := os.WriteFile(vectorsPath, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(kept, []byte("\r\n"), []byte("\n")), made) {
		t.Errorf("what is told differs from %s, which browsers read: go test -run TestVectors -write-vectors", vectorsPath)
	}
	var v libraryVectors
	if err := json.Unmarshal(kept, &v); err != nil {
		t.Fatal(err)
	}
	for name, text := range v.Notes {
		var n note
		if octets, err := hex.DecodeString(text); err != nil || seal.Unmarshal(octets, &n) != nil {
			t.Errorf("%s is not read", name)
		}
		if encoded(t, n) != text {
			t.Errorf("%s is another when it was read", name)
		}
	}
}
