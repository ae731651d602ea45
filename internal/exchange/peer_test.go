package exchange_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/seal"
)

func TestPeersThroughARealRelay(t *testing.T) {
	one, two := startRelay(t, t.TempDir(), "127.0.0.1:0", nil), startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(one.stop)
	t.Cleanup(two.stop)
	a, b, id := livePair(t, one, two)
	large := make([]byte, 3<<20+17)
	fatal(t)(func() error { _, err := rand.Read(large); return err }())
	b.files["/small"], b.files["/large"] = []byte("hello"), large
	a.start()
	b.start()
	if got := a.get(id, "/small"); string(got) != "hello" {
		t.Errorf("/small is %q", got)
	}
	if got := a.get(id, "/large"); !bytes.Equal(got, large) {
		t.Errorf("/large has %d octets, not the %d that were sent", len(got), len(large))
	}
	for i := range 20 {
		fatal(t)(a.peer.Send(changed(id, i)))
	}
	b.until(20)
	for i := range 20 {
		b.mu.Lock()
		if b.handled[messageID(i)] != 1 {
			t.Errorf("message %d was handled %d times", i, b.handled[messageID(i)])
		}
		b.mu.Unlock()
	}
	if n := len(a.peer.Asked()); n != 0 {
		t.Errorf("%d requests are still known", n)
	}
}

func TestWhoIsAwayFindsWhatWaits(t *testing.T) {
	r := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(r.stop)
	a, b, id := livePair(t, r)
	b.start() // makes its queue
	b.files["/x"] = []byte("waited for")
	a.start()
	a.get(id, "/absent")
	b.stop()
	pending, err := a.peer.Ask(t.Context(), id, seal.Request{Method: "GET", Path: "/x"}, exchange.AskOptions{})
	fatal(t)(err)
	if pending.Reply != nil {
		t.Fatal("answered by who is away")
	}
	fatal(t)(a.peer.Send(changed(id, 0)))
	waitFor(t, func() bool { st, err := a.peer.Status(id); return err == nil && st.Waiting == 0 })
	a.stop()
	b.start()
	b.until(1)
	a.start()
	got, err := a.peer.Answer(t.Context(), pending.ID, patience)
	fatal(t)(err)
	if got.Reply == nil {
		t.Fatal("no answer after both were restarted")
	}
	body, err := io.ReadAll(got.Reply.Body)
	fatal(t)(err)
	if string(body) != "waited for" {
		t.Errorf("the answer is %q", body)
	}
	fatal(t)(got.Reply.Body.Close())
}

func TestARelayThatLostEverything(t *testing.T) {
	r := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	a, b, id := livePair(t, r)
	b.files["/x"] = []byte("x")
	a.start()
	b.start()
	a.get(id, "/x")
	r.stop()
	at, err := url.Parse(r.url)
	fatal(t)(err)
	fatal(t)(a.peer.Send(changed(id, 0))) // into nowhere
	again := startRelay(t, t.TempDir(), at.Host, nil)
	t.Cleanup(again.stop)
	b.until(1)
	if got := a.get(id, "/x"); string(got) != "x" {
		t.Errorf("/x is %q", got)
	}
}

func TestPeersThatReachEachOther(t *testing.T) { // §5.4
	r := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	config, hash := certificate(t)
	home := startRelay(t, t.TempDir(), "127.0.0.1:0", config)
	t.Cleanup(home.stop)
	a, b, id := livePair(t, r)
	b.own = ownMailbox(home)
	a.start()
	b.start()
	fatal(t)(b.peer.SetPlaces([]seal.Place{{URL: home.url, Certificate: hash}}, time.Now().Add(12*time.Hour)))
	b.files["/x"] = []byte("directly")
	large := bytes.Repeat([]byte("0123456789"), 30_000)
	b.files["/large"] = large
	a.get(id, "/x")
	waitFor(t, func() bool { st, err := a.peer.Status(id); return err == nil && st.Direct })
	for i := range 5 {
		fatal(t)(a.peer.Send(changed(id, i)))
	}
	b.until(5)
	if got := a.get(id, "/large"); !bytes.Equal(got, large) {
		t.Errorf("/large has %d octets", len(got))
	}
	r.stop() // what goes directly needs no relay
	for i := range 5 {
		fatal(t)(a.peer.Send(changed(id, 5+i)))
	}
	b.until(10)
}

func TestMessagesThroughAnotherRelay(t *testing.T) { // mailbox.md §4
	mine := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(mine.stop)
	theirs := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(theirs.stop)
	between := startRelay(t, t.TempDir(), "127.0.0.1:0", nil, func(o *mailbox.Options) {
		o.Forwards, o.ForwardTo = true, []string{"http" + strings.TrimPrefix(theirs.url, "ws")}
	})
	t.Cleanup(between.stop)
	a, b, id := livePair(t, theirs)
	named := func(r *runningRelay, key wire.Key) string { return r.url + "#" + wire.Encode(key[:]) }
	from, to := a.sim.person.relations[id], b.sim.person.relations[id]
	from.In[0].Relay, to.Out[0].Relay = mine.url, mine.url
	from.Out[0].Relay, to.In[0].Relay = named(theirs, theirs.part.ID()), named(theirs, theirs.part.ID())
	a.hop = between.url
	b.files["/x"] = []byte("x")
	a.start()
	b.start()
	if got := a.get(id, "/x"); string(got) != "x" {
		t.Errorf("/x is %q", got)
	}
	if n := between.part.Count().Forwarded; n == 0 {
		t.Error("nothing went through the relay in between")
	}
	if n := theirs.part.Count().Opened; n != 1 {
		t.Errorf("%d sessions with the relay of the other side, not its recipient's alone", n)
	}
}

func TestARelayThatIsAnother(t *testing.T) { // §4.3
	r := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(r.stop)
	a, b, id := livePair(t, r)
	wrong := r.url + "#" + wire.Encode(make([]byte, 32))
	a.sim.person.relations[id].Out[0].Relay = wrong
	a.start()
	b.start()
	fatal(t)(a.peer.Send(changed(id, 0)))
	waitFor(t, func() bool { return r.part.Count().Opened >= 3 })
	if st, err := a.peer.Status(id); err != nil || st.Waiting == 0 {
		t.Errorf("a relay with another id was given a message: %+v, %v", st, err)
	}
}

func TestQueuesOfInvitations(t *testing.T) { // §4.2
	r := startRelay(t, t.TempDir(), "127.0.0.1:0", nil)
	t.Cleanup(r.stop)
	a, b, _ := livePair(t, r)
	seeds := make([][]byte, 3)
	for i := range seeds {
		seeds[i] = bytes.Repeat([]byte{byte(i + 1)}, 32)
	}
	contact := seal.Mailbox{Relay: r.url, Sender: seeds[0], Recipient: seeds[1]}
	a.sim.person.contacts = []seal.Inbox{{Mailbox: contact, Invitation: [16]byte{1}}}
	a.sim.person.raw = make(chan []byte, 10)
	a.start()
	b.start()
	fatal(t)(a.peer.Apply(seal.Effects{Create: []seal.NewQueue{{Mailbox: contact, Days: 7}}, Changed: true}))
	locked := seal.Mailbox{Relay: r.url, Sender: seeds[0], Lock: seeds[2]}
	body := bytes.Repeat([]byte{9}, 1536)
	fatal(t)(b.peer.Apply(seal.Effects{
		Lock: []seal.NewLock{{Mailbox: locked}},
		Raw:  []seal.RawPut{{Mailbox: locked, ID: seal.MessageID{1}, Body: body, Until: time.Now().Add(time.Hour).UnixMilli()}},
	}))
	select {
	case got := <-a.sim.person.raw:
		if !bytes.Equal(got, body) {
			t.Errorf("%d octets came", len(got))
		}
	case <-time.After(patience):
		t.Fatal("what was put into a contact queue does not come")
	}
}

func waitFor(t testing.TB, what func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !what(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}
