package person

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Keys of Records. Each record is written whole and either by its one maker or so
// that the later of two writers may win.
const (
	keyProfile  = "profile"
	keyRelays   = "relays"
	keyBackup   = "backup"
	keyDue      = "due"       // all keys older than this have to change
	inFriend    = "friend/"   // <friend>: made once
	inName      = "name/"     // <friend>
	inVerified  = "verified/" // <friend>
	inBlocked   = "blocked/"  // <friend>
	inLeaving   = "leaving/"  // <friend>
	inRelation  = "relation/" // <relation>: made once
	inPending   = "pending/"  // <relation>: until both sides know that it stands
	inQueue     = "in/"       // <relation>/<queue>
	inOut       = "out/"      // <relation>
	inEpoch     = "epoch/"    // <relation>/<epoch>: made once
	inPeer      = "peer/"     // <relation>: the newest key of the other side
	inInvite    = "invite/"   // <invitation>
	inAccept    = "accept/"   // <invitation>
	inRekey     = "rekey/"    // <hash of the rekey>
	inDrop      = "drop/"     // <queue>: to be deleted at its relay
	hashedQueue = 8
)

type profileRecord struct {
	Name string `cbor:"1,keyasint"`
}

type relaysRecord struct {
	Relays []string `cbor:"1,keyasint"`
}

type backupRecord struct {
	Public []byte `cbor:"1,keyasint"`
}

// dueRecord asks for §7 with every friend whose keys were made before At.
type dueRecord struct {
	At int64         `cbor:"1,keyasint"`
	By seal.DeviceID `cbor:"2,keyasint"`
}

type friendRecord struct {
	Since int64  `cbor:"1,keyasint"`
	Says  string `cbor:"2,keyasint"` // what they call themselves
}

type nameRecord struct {
	Name string `cbor:"1,keyasint"`
}

type verifiedRecord struct {
	At   int64  `cbor:"1,keyasint"`
	Code string `cbor:"2,keyasint"` // what was compared
}

type atRecord struct {
	At int64 `cbor:"1,keyasint"`
	// Over is of a friend who left: there is nobody to say bye to.
	Over bool `cbor:"2,keyasint,omitempty"`
}

// relationRecord is what of a relation never changes.
type relationRecord struct {
	Friend     FriendID    `cbor:"1,keyasint"`
	Side       seal.Side   `cbor:"2,keyasint"`
	Root       []byte      `cbor:"3,keyasint"`
	Pairwise   []byte      `cbor:"4,keyasint"`
	PeerKey    []byte      `cbor:"5,keyasint"`
	Notice     seal.Secret `cbor:"6,keyasint"`
	PeerNotice []byte      `cbor:"7,keyasint"`
	Created    int64       `cbor:"8,keyasint"`
	// First is true on the side that confirms first: the invitee, or who began §7.
	First bool `cbor:"9,keyasint,omitempty"`
	// Opening is H(join) or H(rekey), Answer H(welcome) or H(rekeyed).
	Opening    []byte          `cbor:"10,keyasint"`
	Answer     []byte          `cbor:"11,keyasint"`
	Code       string          `cbor:"12,keyasint"`
	Follows    seal.RelationID `cbor:"13,keyasint"`
	Invitation [16]byte        `cbor:"14,keyasint"`
}

// pendingRecord is of a relation that one side does not know to stand yet.
type pendingRecord struct {
	Since int64 `cbor:"1,keyasint"`
	Until int64 `cbor:"2,keyasint"` // zero: as long as the relation before it
	// Said is what the other side may have missed: a welcome, or the answer to a
	// rekey.
	Said []said `cbor:"3,keyasint,omitempty"`
}

type queueRecord struct {
	Mailbox seal.Mailbox `cbor:"1,keyasint"`
	Since   int64        `cbor:"2,keyasint"`
	Until   int64        `cbor:"3,keyasint,omitempty"` // replaced: listened to until then
}

type outRecord struct {
	Queues []seal.Mailbox `cbor:"1,keyasint"`
	Sent   int64          `cbor:"2,keyasint"` // by the sender's clock
}

type epochRecord struct {
	Private seal.Secret `cbor:"1,keyasint"`
	Created int64       `cbor:"2,keyasint"`
}

type peerRecord struct {
	Public []byte `cbor:"1,keyasint"`
	Seen   int64  `cbor:"2,keyasint"`
}

// inviteRecord is an invitation of this person.
type inviteRecord struct {
	Fragment string         `cbor:"1,keyasint"`
	Private  []byte         `cbor:"2,keyasint"`
	Queues   []seal.Mailbox `cbor:"3,keyasint"`
	Created  int64          `cbor:"4,keyasint"`
	For      string         `cbor:"5,keyasint,omitempty"`
}

// acceptRecord is an invitation that this person accepted and that was not
// answered yet.
type acceptRecord struct {
	Fragment string         `cbor:"1,keyasint"`
	Own      seal.Own       `cbor:"2,keyasint"`
	Join     seal.Join      `cbor:"3,keyasint"`
	Contact  []seal.Mailbox `cbor:"4,keyasint"` // with the key that they were locked by
	Name     string         `cbor:"5,keyasint,omitempty"`
	Friend   FriendID       `cbor:"6,keyasint"`
	Created  int64          `cbor:"7,keyasint"`
}

// rekeyRecord is a change of keys that this person began.
type rekeyRecord struct {
	Friend   FriendID        `cbor:"1,keyasint"`
	Relation seal.RelationID `cbor:"2,keyasint"` // whose keys change
	Own      seal.Own        `cbor:"3,keyasint"`
	Rekeying seal.Rekeying   `cbor:"4,keyasint"`
	Created  int64           `cbor:"5,keyasint"`
}

// change collects what a method does: it is kept all at once.
type change struct {
	puts    map[string][]byte
	deletes []string
	effects Effects
	err     error
}

func newChange() *change { return &change{puts: map[string][]byte{}} }

func (c *change) put(key string, v any) {
	b, err := seal.Marshal(v)
	if err != nil && c.err == nil {
		c.err = fault.New(fault.Internal, "encode %q: %w", key, err)
	}
	c.puts[key] = b
}

func (c *change) del(keys ...string) { c.deletes = append(c.deletes, keys...) }

// drop deletes queues at their relays. It is remembered for a while: what is said
// once may be lost.
func (c *change) drop(now int64, queues ...seal.Mailbox) {
	for _, q := range queues {
		if len(q.Recipient) == 0 {
			continue
		}
		c.put(inDrop+queueName(q), queueRecord{Mailbox: q, Since: now})
		c.effects.Delete = append(c.effects.Delete, q)
		c.effects.Changed = true
	}
}

func (c *change) create(queues ...seal.Mailbox) {
	for _, q := range queues {
		c.effects.Create = append(c.effects.Create, seal.NewQueue{Mailbox: q})
	}
	c.effects.Changed = true
}

// said is a body and the queue it goes to. No two relays see the same body.
type said struct {
	To   seal.Mailbox `cbor:"1,keyasint"`
	Body []byte       `cbor:"2,keyasint"`
}

// say makes a body for each queue.
func say(to []seal.Mailbox, body func(q seal.Mailbox) ([]byte, error)) ([]said, error) {
	out := make([]said, 0, len(to))
	for _, q := range to {
		b, err := body(q)
		if err != nil {
			return nil, err
		}
		out = append(out, said{To: q, Body: b})
	}
	return out, nil
}

// raw puts bodies into their queues, under ids that are the same each time.
func (c *change) raw(what []said, until int64) {
	for _, s := range what {
		sum := sha256.Sum256(append([]byte("kith put 1"), s.Body...))
		c.effects.Raw = append(c.effects.Raw, seal.RawPut{Mailbox: s.To, ID: seal.MessageID(sum[:16]), Body: s.Body, Until: until})
	}
}

func (c *change) send(to seal.RelationID, kind seal.MessageKind, body any) {
	c.effects.Out = append(c.effects.Out, seal.Outgoing{To: to, Kind: kind, Body: body, Replaces: true})
}

// commit keeps a change and returns its effects.
func (p *Person) commit(c *change) (Effects, error) {
	if c.err != nil {
		return Effects{}, c.err
	}
	if len(c.puts)+len(c.deletes) > 0 {
		deletes := c.deletes[:0:0]
		for _, k := range c.deletes {
			if _, again := c.puts[k]; !again {
				deletes = append(deletes, k)
			}
		}
		out, err := p.o.Records.Put(c.puts, deletes)
		p.view = nil
		if err != nil {
			p.raw = nil
			return Effects{}, err
		}
		p.wrote(c.puts, deletes)
		c.effects.Out = append(c.effects.Out, out...)
	}
	return c.effects, nil
}

// wrote does to the copy in memory what was done to Records.
func (p *Person) wrote(puts map[string][]byte, deletes []string) {
	if p.raw == nil {
		return
	}
	for k, b := range puts {
		p.raw[k] = b
	}
	for _, k := range deletes {
		delete(p.raw, k)
	}
}

func hexed(b []byte) string { return hex.EncodeToString(b) }

func queueName(q seal.Mailbox) string {
	sum := sha256.Sum256(append([]byte(q.Relay+"\x00"), q.Sender...))
	return hexed(sum[:hashedQueue])
}

func hashOf(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
