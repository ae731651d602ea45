package mailbox_test

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
)

// raw is a session that says whatever it likes.
type raw struct {
	t     *testing.T
	conn  *websocket.Conn
	place wire.Place
	tag   uint32
}

func (r *running) raw(t *testing.T) *raw {
	t.Helper()
	header := http.Header{"Origin": {"https://anything.example"}} // pages of any origin may
	conn, _, err := websocket.Dial(within(t), r.url+wire.Path, &websocket.DialOptions{Subprotocols: []string{wire.Protocol}, HTTPHeader: header})
	must(t, err)
	conn.SetReadLimit(wire.MaxMessage)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &raw{t: t, conn: conn}
}

// hello says HELLO.
func (c *raw) hello() *raw {
	c.t.Helper()
	r := c.ask(wire.Hello, wire.HelloPayload{Version: wire.Version}.Append(nil))
	w, err := wire.ParseWelcome(r.Payload)
	must(c.t, err)
	c.place = wire.Place{Relay: w.Relay, Nonce: w.Nonce}
	return c
}

func (c *raw) say(kind websocket.MessageType, message []byte) {
	c.t.Helper()
	must(c.t, c.conn.Write(within(c.t), kind, message))
}

// ask sends a command and returns what is answered.
func (c *raw) ask(t wire.Type, payload []byte) wire.Record {
	c.t.Helper()
	c.tag++
	c.say(websocket.MessageBinary, wire.Append(nil, t, c.tag, payload))
	_, message, err := c.conn.Read(within(c.t))
	must(c.t, err)
	r, rest, err := wire.Next(message)
	must(c.t, err)
	if r.Tag != c.tag || len(rest) > 0 {
		c.t.Fatalf("tag %d is answered, and %d octets more; want tag %d", r.Tag, len(rest), c.tag)
	}
	return r
}

// no demands NO.
func (c *raw) no(what string, t wire.Type, payload []byte) {
	c.t.Helper()
	if r := c.ask(t, payload); r.Type != wire.No || len(r.Payload) > 0 {
		c.t.Errorf("%s is answered with type %d and %d octets, want NO alone", what, r.Type, len(r.Payload))
	}
}

func (c *raw) ok(what string, t wire.Type, payload []byte) {
	c.t.Helper()
	if r := c.ask(t, payload); r.Type != wire.OK {
		c.t.Errorf("%s is answered with type %d, want OK", what, r.Type)
	}
}

// TestProofs are forged, replayed, and for others: all are answered as for a
// queue that does not exist, after as much work.
func TestProofs(t *testing.T) {
	r := start(t, nil)
	q := newQueue(t, r.dial(t))
	other := newPair(t)
	sid := q.sender.ID
	a, b := r.raw(t).hello(), r.raw(t).hello()
	if a.place.Nonce == b.place.Nonce {
		t.Fatal("two sessions have one nonce")
	}
	good := a.place.Prove(wire.Recipient, q.rid, q.recipient)
	forged := good
	forged.Signature[5] ^= 1
	renamed := good
	renamed.Role = wire.Sender
	elsewhere := wire.Place{Relay: wire.Key{1}, Nonce: b.place.Nonce}.Prove(wire.Recipient, q.rid, q.recipient)
	cases := []struct {
		what  string
		proof wire.ProvePayload
	}{
		{"an absent queue", b.place.Prove(wire.Recipient, other.rid, other.recipient)},
		{"an absent sender", b.place.Prove(wire.Sender, other.sender.ID, other.sender.Key)},
		{"another's key", b.place.Prove(wire.Recipient, q.rid, other.recipient)},
		{"the recipient as sender", b.place.Prove(wire.Sender, sid, q.recipient)},
		{"the sender as recipient", b.place.Prove(wire.Recipient, q.rid, q.sender.Key)},
		{"a replay of another session", good},
		{"a forgery", forged},
		{"a change of role", renamed},
		{"a proof for another relay", elsewhere},
		{"a key that is none", wire.ProvePayload{Role: wire.Recipient, ID: q.rid, Key: wire.Key(bytes.Repeat([]byte{0xff}, 32))}},
	}
	for _, c := range cases {
		before := r.Count().Proofs
		b.no(c.what, wire.Prove, c.proof.Append(nil))
		if n := r.Count().Proofs - before; n != 1 {
			t.Errorf("%s: %d look-ups and verifications were made, want 1", c.what, n)
		}
	}
	b.no("a role that is none", wire.Prove, wire.ProvePayload{Role: 3, ID: q.rid}.Append(nil))
	b.no("half a proof", wire.Prove, good.Append(nil)[:60])
	a.ok("the proof itself", wire.Prove, good.Append(nil))

	// Nothing goes without a proof, whether the queue exists or not.
	for name, id := range map[string]wire.ID{"a queue": q.rid, "no queue": other.rid} {
		b.no(name+": SUB", wire.Sub, wire.CreditPayload{Recipient: id, More: 1}.Append(nil))
		b.no(name+": ACK", wire.Ack, wire.AckPayload{Recipient: id, Numbers: []uint64{1}}.Append(nil))
		b.no(name+": BACK", wire.Back, wire.BackPayload{Recipient: id, Number: 1}.Append(nil))
		b.no(name+": DEL", wire.Del, id[:])
		b.no(name+": PUSH", wire.Push, id[:])
		b.no(name+": TICKET", wire.Ticket, wire.TicketPayload{Role: wire.Recipient, ID: id, Class: 1, Count: 1}.Append(nil))
	}
	for name, id := range map[string]wire.ID{"a queue": sid, "no queue": other.sender.ID} {
		put := append(wire.PutPayload{Sender: id}.AppendHead(nil), body(1536)...)
		b.no(name+": PUT", wire.Put, put)
		b.no(name+": LOCK", wire.Lock, b.place.Lock(id, q.sender.Key, wire.PublicKey(other.recipient)).Append(nil))
	}
	created := b.place.New(other.recipient, wire.PublicKey(other.sender.Key), 7)
	created.Signature[0] ^= 1
	b.no("NEW, forged", wire.New, created.Append(nil))
	b.no("NEW, replayed", wire.New, a.place.New(other.recipient, wire.PublicKey(other.sender.Key), 7).Append(nil))
	b.no("NEW with one key", wire.New, b.place.New(other.recipient, wire.PublicKey(other.recipient), 7).Append(nil))
	a.no("LOCK as the recipient", wire.Lock, a.place.Lock(sid, q.recipient, wire.PublicKey(other.recipient)).Append(nil))
	a.no("chunks of no class", wire.Ticket, wire.TicketPayload{Role: wire.Recipient, ID: q.rid, Class: 5, Count: 1}.Append(nil))
	a.no("PUSH, where nobody is woken", wire.Push, wire.PushPayload{Recipient: q.rid, Subscription: []byte(`{"endpoint":"https://a.example"}`)}.Append(nil))
}

// TestNonsense ends a session, and no other.
func TestNonsense(t *testing.T) {
	r := start(t, nil)
	witness := r.raw(t).hello()
	ping := wire.Append(nil, wire.Ping, 1)
	for name, c := range map[string]struct {
		early   bool
		kind    websocket.MessageType
		message []byte
	}{
		"a command before HELLO":      {true, websocket.MessageBinary, ping},
		"text":                        {false, websocket.MessageText, ping},
		"an unknown type":             {false, websocket.MessageBinary, wire.Append(nil, 99, 1)},
		"a record of relays":          {false, websocket.MessageBinary, wire.Append(nil, wire.OK, 1)},
		"half a record":               {false, websocket.MessageBinary, ping[:7]},
		"a record longer than itself": {false, websocket.MessageBinary, append(ping[:5:5], 0xff, 0xff, 0xff, 0xff)},
		"HELLO again":                 {false, websocket.MessageBinary, wire.Append(nil, wire.Hello, 2, []byte{1})},
	} {
		s := r.raw(t)
		if !c.early {
			s.hello()
		}
		s.say(c.kind, c.message)
		_, _, err := s.conn.Read(within(t))
		if got := websocket.CloseStatus(err); got != websocket.StatusProtocolError {
			t.Errorf("%s: the session ends with %d (%v), want 1002", name, got, err)
		}
	}
	s := r.raw(t)
	s.no("another version", wire.Hello, []byte{2})
	if _, _, err := s.conn.Read(within(t)); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("after a refused HELLO: %v", err)
	}
	large := r.raw(t).hello()
	if err := large.conn.Write(within(t), websocket.MessageBinary, make([]byte, wire.MaxMessage+1)); err == nil {
		_, _, err = large.conn.Read(within(t))
		if err == nil {
			t.Error("a message longer than 1 MiB is taken")
		}
	}
	witness.ok("PING", wire.Ping, nil)
	until(t, "the others to be gone", func() bool { return r.Count().Sessions == 1 })
}

// TestFloodOfProofs is slowed down, then sent away.
func TestFloodOfProofs(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.Proofs = guard.Limit{PerSecond: 0.1, Burst: 20} })
	s := r.raw(t).hello()
	p := newPair(t)
	proof := wire.Append(nil, wire.Prove, 1, s.place.Prove(wire.Recipient, p.rid, p.recipient).Append(nil))
	s.say(websocket.MessageBinary, bytes.Repeat(proof, 40))
	answers := 0
	for {
		_, message, err := s.conn.Read(within(t))
		if err != nil {
			if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
				t.Errorf("the session ends with %v, want 1013", err)
			}
			break
		}
		answers += bytes.Count(message, []byte{byte(wire.No), 0, 0, 0, 1, 0, 0, 0, 0})
	}
	if answers < 20 || answers > 25 {
		t.Errorf("%d proofs were answered, want about 20", answers)
	}
}

// TestCreditIsNotBelieved: none, too much, and again and again.
func TestCreditIsNotBelieved(t *testing.T) {
	r := start(t, nil)
	q := newQueue(t, r.dial(t))
	s := r.raw(t).hello()
	s.ok("PROVE", wire.Prove, s.place.Prove(wire.Recipient, q.rid, q.recipient).Append(nil))
	s.ok("SUB", wire.Sub, wire.CreditPayload{Recipient: q.rid, More: math.MaxUint16}.Append(nil))
	more := wire.Append(nil, wire.Credit, 0, wire.CreditPayload{Recipient: q.rid, More: math.MaxUint16}.Append(nil))
	unknown := wire.Append(nil, wire.Credit, 0, wire.CreditPayload{Recipient: wire.ID{1}, More: 1}.Append(nil))
	s.say(websocket.MessageBinary, append(bytes.Repeat(more, 5000), bytes.Repeat(unknown, 5000)...))
	s.ok("PING", wire.Ping, nil)
	s.ok("SUB with none", wire.Sub, wire.CreditPayload{Recipient: q.rid}.Append(nil))
	if n := r.Count().Listened; n != 0 {
		t.Errorf("%d queues are listened to after the subscription ended", n)
	}
}

// TestFloodOfStrays: what is acknowledged and is not there costs the store
// nothing for long.
func TestFloodOfStrays(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.Strays = guard.Limit{PerSecond: 0.001, Burst: 10} })
	s := r.dial(t)
	q := newQueue(t, s)
	ch := collect(t, s, q, 4)
	for range 10 {
		must(t, s.Ack(within(t), q.rid, 1<<60))
	}
	waits(t, s.Ack(within(t), q.rid, 1<<60))
	must(t, s.Put(within(t), q.sender, messageID(), 0, body(1536)))
	d := next(t, ch)
	waits(t, s.Ack(within(t), q.rid, d.Number, 1<<60))
	waits(t, d.Back(within(t), 0))
	must(t, d.Ack(within(t))) // what is leased is not held up
	if m := r.Count(); m.Messages != 0 || m.Leased != 0 {
		t.Errorf("%d messages are kept and %d leased after the acknowledgement", m.Messages, m.Leased)
	}
}

// TestAcknowledgedElsewhere: numbers of another queue erase nothing.
func TestAcknowledgedElsewhere(t *testing.T) {
	r := start(t, nil)
	s := r.dial(t)
	mine, theirs := newQueue(t, s), newQueue(t, s)
	must(t, s.Put(within(t), theirs.sender, messageID(), 0, body(1536)))
	d := next(t, collect(t, s, theirs, 1))
	thief := r.raw(t).hello()
	thief.ok("PROVE", wire.Prove, thief.place.Prove(wire.Recipient, mine.rid, mine.recipient).Append(nil))
	thief.ok("ACK", wire.Ack, wire.AckPayload{Recipient: mine.rid, Numbers: []uint64{d.Number}}.Append(nil))
	must(t, d.Back(within(t), time.Hour))
	ch := collect(t, r.dial(t), theirs, 1)
	if again := next(t, ch); again.Number != d.Number {
		t.Errorf("message %d came, want %d", again.Number, d.Number)
	}
}

// TestSilence: who says nothing is asked, and gone when there is no answer.
func TestSilence(t *testing.T) {
	r := start(t, func(o *mailbox.Options) { o.PingEvery = time.Second })
	quiet, lively := r.raw(t), r.raw(t)
	quiet.hello()
	lively.hello()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	pinged := make(chan struct{})
	go func() { // reading answers pings
		defer close(pinged)
		_, _, _ = lively.conn.Read(ctx)
	}()
	until(t, "the quiet one to be gone", func() bool { return r.Count().Sessions == 1 })
	select {
	case <-pinged:
		t.Error("the lively one is gone, too")
	default:
	}
}
