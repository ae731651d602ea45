package exchange_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
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

func waitFor(t testing.TB, what func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !what(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}
