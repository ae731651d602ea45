package page_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/nearby/page"
)

func number(m map[string]any, key string) int { return int(m[key].(float64)) }

func TestMessagesGoBothWays(t *testing.T) {
	p := connected(t, nil)
	p.a.say(`{"op":"open-channel","id":3,"connection":%d,"label":"chat ☃","protocol":"p1"}`, p.idA)
	p.a.hear("opened")
	in := p.b.hear("channel")
	if in["label"] != "chat ☃" || in["protocol"] != "p1" || number(in, "connection") != p.idB {
		t.Errorf("the other page hears of %v", in)
	}
	large := strings.Repeat("x", 300_000)
	for kind, text := range map[byte]string{0: "blob", 1: "", 2: large} {
		if err := p.a.send(kind, 3, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, id, payload := p.b.take(); got != kind || id != number(in, "id") || payload != text {
			t.Errorf("kind %d of %d octets arrives as kind %d of %d for %d", kind, len(text), got, len(payload), id)
		}
	}
	if err := p.b.send(1, number(in, "id"), []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if _, id, payload := p.a.take(); id != 3 || payload != "answer" {
		t.Errorf("%q arrives for %d", payload, id)
	}
	p.b.say(`{"op":"close","id":%d}`, number(in, "id"))
	p.a.hear("closed")
	p.b.hear("closed")
}

func TestStreamsAndDatagrams(t *testing.T) {
	p := connected(t, nil)
	p.a.say(`{"op":"open-transport","id":3,"connection":%d}`, p.idA)
	offered := number(p.b.hear("transport"), "id")
	p.b.say(`{"op":"accept","id":%d}`, offered)
	p.b.hear("opened")
	p.a.hear("opened")

	p.a.say(`{"op":"open-stream","id":5,"transport":3,"bidi":true}`)
	p.a.hear("opened")
	in := p.b.hear("stream")
	if in["bidi"] != true {
		t.Errorf("a stream in both directions arrives as %v", in)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(p.a.send(3, 5, []byte("there")))
	if _, id, payload := p.b.take(); id != number(in, "id") || payload != "there" {
		t.Errorf("%q arrives for %d", payload, id)
	}
	check(p.b.send(3, number(in, "id"), []byte("back")))
	if _, id, payload := p.a.take(); id != 5 || payload != "back" {
		t.Errorf("%q arrives for %d", payload, id)
	}
	p.a.say(`{"op":"fin","id":5}`)
	p.b.hear("fin")
	p.b.say(`{"op":"reset","id":%d,"code":77}`, number(in, "id"))
	if reset := p.a.hear("reset"); number(reset, "code") != 77 {
		t.Errorf("reset with %v", reset)
	}

	p.b.say(`{"op":"open-stream","id":5,"transport":%d,"bidi":false}`, offered)
	p.b.hear("opened")
	uni := p.a.hear("stream")
	p.a.say(`{"op":"stop-sending","id":%d,"code":5}`, number(uni, "id"))
	for told := false; !told; { // a writer learns it when it writes
		check(p.b.send(3, 5, []byte("x")))
		select {
		case m := <-p.b.news:
			if told = m["op"] == "stop-sending"; told && number(m, "code") != 5 {
				t.Errorf("stopped with %v", m)
			}
		case <-p.a.data:
		}
	}

	check(p.a.send(4, 3, []byte("datagram")))
	if kind, id, payload := p.b.take(); kind != 4 || id != offered || payload != "datagram" {
		t.Errorf("%q arrives as kind %d for %d", payload, kind, id)
	}
	p.b.say(`{"op":"close","id":%d,"code":9,"reason":"done"}`, offered)
	if closed := p.a.hear("closed"); number(closed, "code") != 9 || closed["reason"] != "done" {
		t.Errorf("closed with %v", closed)
	}
}

func TestTheOtherSideCanAskToBeDialled(t *testing.T) {
	p := connected(t, nil)
	p.b.say(`{"op":"want","id":%d}`, p.idB)
	if m := p.a.hear("wanted"); number(m, "id") != p.idA {
		t.Errorf("heard %v", m)
	}
}

func TestBeforeAYesThePageLearnsNothing(t *testing.T) {
	r := &room{}
	alice, bob := r.join(t, "alice", nil), r.join(t, "bob", nil)
	a, b := alice.open(app), bob.open(app)
	a.say(`{"op":"request","id":1,"nickname":"x"}`)
	b.say(`{"op":"receive","id":1,"nickname":"y"}`)
	waitFor(t, func() bool { return len(alice.desk.Asks()) == 1 && len(bob.desk.Asks()) == 1 })
	a.silent()
	b.silent()
	// A device that wants to come in is not heard of either, and hears of nobody.
	bob.allow(consent.Advertise, consent.Answer{})
	b.hear("started")
	alice.allow(consent.Reach, consent.Answer{Device: page.Device{ID: "bob", Name: "Bob"}})
	waitFor(t, func() bool { return len(bob.desk.Asks()) == 1 })
	a.silent()
	b.silent()
	if err := bob.desk.Dismiss(bob.desk.Asks()[0].ID); err != nil {
		t.Fatal(err)
	}
	a.silent()
	b.silent()
	if links := alice.server.Links(); len(links) != 1 || links[0].Connected {
		t.Errorf("the console shows %+v", links)
	}
}

func TestARequestWaitsForTheOtherPage(t *testing.T) {
	r := &room{}
	alice, bob := r.join(t, "alice", nil), r.join(t, "bob", nil)
	a := alice.open(app)
	a.say(`{"op":"request","id":1}`)
	alice.allow(consent.Reach, consent.Answer{Device: page.Device{ID: "bob", Name: "Bob"}})
	waitFor(t, func() bool {
		links := alice.server.Links()
		return len(links) == 1 && strings.Contains(links[0].Problem, "not open")
	})
	a.silent()
	wrong := bob.open(other)
	wrong.say(`{"op":"receive","id":1}`)
	bob.allow(consent.Advertise, consent.Answer{})
	wrong.hear("started")
	right := bob.open(app)
	right.say(`{"op":"receive","id":1}`)
	bob.allow(consent.Advertise, consent.Answer{})
	right.hear("started")
	bob.allow(consent.Incoming, consent.Answer{})
	a.hear("connection")
	right.hear("connection")
	wrong.silent() // an app talks to the same app and to no other
}

func TestASecondTimeNobodyIsAsked(t *testing.T) {
	p := connected(t, nil)
	p.a.say(`{"op":"devices","id":11}`)
	known := p.a.hear("devices")["devices"].([]any)
	if len(known) != 1 || known[0].(map[string]any)["device"] != p.aliceTo || known[0].(map[string]any)["name"] != "Bob" {
		t.Errorf("after the grant the page knows %v", known)
	}
	if p.aliceTo == "bob" || p.bobTo == "alice" || p.aliceTo == p.bobTo {
		t.Errorf("the app is told the device's own name: %q, %q", p.aliceTo, p.bobTo)
	}
	p.a.say(`{"op":"request","id":13,"device":%q}`, p.aliceTo)
	p.a.hear("connection")
	p.b.hear("connection")
	p.a.say(`{"op":"request","id":15,"device":"guess"}`)
	if m := p.a.hear("failed"); number(m, "id") != 15 {
		t.Errorf("heard %v", m)
	}
	if n := len(p.alice.desk.Asks()) + len(p.bob.desk.Asks()); n != 0 {
		t.Errorf("%d questions are asked", n)
	}
}

func TestTakingAPermissionBackCuts(t *testing.T) {
	for _, kind := range []consent.Kind{consent.Reach, consent.Incoming} {
		t.Run(string(kind), func(t *testing.T) {
			p := connected(t, nil)
			from := p.alice
			if kind == consent.Incoming {
				from = p.bob
			}
			for _, g := range from.desk.Grants() {
				if g.Kind == kind {
					if err := from.desk.Revoke(g.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			p.a.hear("closed")
			p.b.hear("closed")
			waitFor(t, func() bool { return len(p.alice.server.Links())+len(p.bob.server.Links()) == 0 })
		})
	}
}

func TestThePersonEndsAConnection(t *testing.T) {
	p := connected(t, nil)
	if err := p.bob.server.End(p.bob.server.Links()[0].ID); err != nil {
		t.Fatal(err)
	}
	p.a.hear("closed")
	p.b.hear("closed")
}

func TestAPageThatIsClosedLeavesNothing(t *testing.T) {
	p := connected(t, nil)
	p.a.say(`{"op":"request","id":3,"choose":true}`)
	waitFor(t, func() bool { return len(p.alice.desk.Asks()) == 1 })
	if err := p.a.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	p.b.hear("closed")
	waitFor(t, func() bool { return len(p.alice.desk.Asks()) == 0 && len(p.alice.server.Links()) == 0 })
}

func TestTenThousandChannelsEndInAClearError(t *testing.T) {
	p := connected(t, func(o *page.Options) { o.MaxChannels = 200 })
	const all = 10_000
	go func() {
		for i := range all {
			p.a.say(`{"op":"open-channel","id":%d,"connection":%d,"label":"x"}`, 2*i+101, p.idA)
		}
	}()
	opened, refused := 0, 0
	for opened+refused < all {
		switch m := <-p.a.news; m["op"] {
		case "opened":
			opened++
		case "failed":
			if refused++; m["name"] != "OperationError" || !strings.Contains(m["message"].(string), "200 channels") {
				t.Fatalf("refused with %v", m)
			}
		}
	}
	if opened != 200 {
		t.Errorf("%d channels were opened", opened)
	}
	if err := p.a.send(1, 101, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, _, payload := p.b.take(); payload != "still here" {
		t.Errorf("%q arrives", payload)
	}
}

func TestWhoBreaksTheProtocolIsCut(t *testing.T) {
	for name, f := range map[string]func(p *pair){
		"no JSON":        func(p *pair) { p.a.say("x") },
		"a strange op":   func(p *pair) { p.a.say(`{"op":"format-disk","id":1}`) },
		"an even number": func(p *pair) { p.a.say(`{"op":"receive","id":2}`) },
		"a number twice": func(p *pair) {
			p.a.say(`{"op":"open-channel","id":1,"connection":%d}`, p.idA)
			p.a.say(`{"op":"open-channel","id":1,"connection":%d}`, p.idA)
		},
		"a short frame":   func(p *pair) { _ = p.a.ws.Write(p.a.t.Context(), websocket.MessageBinary, []byte{1, 0}) },
		"a strange frame": func(p *pair) { _ = p.a.send(5, 1, nil) },
		"beyond the window": func(p *pair) {
			p.a.say(`{"op":"open-transport","id":3,"connection":%d}`, p.idA)
			p.b.say(`{"op":"accept","id":%d}`, number(p.b.hear("transport"), "id"))
			p.a.hear("opened")
			p.a.say(`{"op":"open-stream","id":5,"transport":3}`)
			p.a.hear("opened")
			for range 40 { // nobody reads them
				if p.a.send(3, 5, bytes.Repeat([]byte("x"), 1<<16)) != nil {
					return
				}
			}
		},
		"credit from nowhere": func(p *pair) {
			p.a.say(`{"op":"open-transport","id":3,"connection":%d}`, p.idA)
			p.b.say(`{"op":"accept","id":%d}`, number(p.b.hear("transport"), "id"))
			p.a.hear("opened")
			p.a.say(`{"op":"open-stream","id":5,"transport":3,"bidi":true}`)
			p.a.hear("opened")
			p.a.say(`{"op":"credit","id":5,"bytes":1}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := connected(t, nil)
			f(p)
			for {
				select {
				case <-p.a.news:
					continue
				case err := <-p.a.end:
					if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
						t.Errorf("the socket ends with %v", err)
					}
				case <-time.After(soon):
					t.Error("the socket does not end")
				}
				break
			}
			p.b.atLast("closed")
		})
	}
}

func TestThePageThatDoesNotReadHoldsUpItsPeerAlone(t *testing.T) {
	p := connected(t, func(o *page.Options) { o.Window = 1 << 16 })
	p.a.say(`{"op":"open-transport","id":3,"connection":%d}`, p.idA)
	offered := number(p.b.hear("transport"), "id")
	p.b.say(`{"op":"accept","id":%d}`, offered)
	p.b.hear("opened")
	p.a.hear("opened")
	p.a.say(`{"op":"open-stream","id":5,"transport":3,"bidi":true}`)
	p.a.hear("opened")
	in := number(p.b.hear("stream"), "id")
	piece := bytes.Repeat([]byte("x"), 1<<16)
	sent, credit := 0, 1<<16
	for deadline := time.Now().Add(soon); credit >= len(piece); {
		if err := p.a.send(3, 5, piece); err != nil {
			t.Fatal(err)
		}
		sent, credit = sent+len(piece), credit-len(piece)
		for credit < len(piece) && time.Now().Before(deadline) {
			select {
			case m := <-p.a.news:
				credit += number(m, "bytes")
				continue
			case <-time.After(300 * time.Millisecond): // no credit comes: the other page does not read
			}
			break
		}
		if sent > 1<<20 {
			t.Fatalf("%d octets are taken for a page that reads none", sent)
		}
	}
	got := 0
	for got < sent {
		_, id, payload := p.b.take()
		if id != in {
			t.Fatalf("octets for %d", id)
		}
		got += len(payload)
		p.b.say(`{"op":"credit","id":%d,"bytes":%d}`, in, len(payload))
	}
}

func TestLimitsOfPages(t *testing.T) {
	r := &room{}
	d := r.join(t, "alice", func(o *page.Options) { o.MaxAppSockets, o.MaxSources = 2, 2 })
	if _, err := d.dial(app, "http://evil.localhost:1"); err == nil {
		t.Error("a page of another origin gets in")
	}
	if _, err := d.dial(app, ""); err == nil {
		t.Error("what says no origin gets in")
	}
	a := d.open(app)
	d.open(app)
	if _, err := d.dial(app, origin); err == nil {
		t.Error("a third page of the app gets in")
	}
	d.open(other)
	for id := 1; id <= 5; id += 2 {
		a.say(`{"op":"request","id":%d}`, id)
	}
	if m := a.hear("failed"); number(m, "id") != 5 || m["name"] != "QuotaExceededError" {
		t.Errorf("heard %v", m)
	}
	a.say(`{"op":"stop","id":1}`)
	waitFor(t, func() bool { return len(d.desk.Asks()) == 1 })
	a.say(`{"op":"request","id":7}`)
	waitFor(t, func() bool { return len(d.desk.Asks()) == 2 })
}

func waitFor(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass")
		}
	}
}

func FuzzSocket(f *testing.F) {
	for _, seed := range []string{
		`{"op":"receive","id":1}`, `{"op":"request","id":1,"device":"x"}`, `{"op":"open-channel","id":1,"connection":2,"channel":70000}`,
		`{"op":"credit","id":1,"bytes":-5}`, "\x03\x00\x00\x00\x05octets", "\x04\x00\x00\x00\x03", `{"op":"close","id":1,"code":4294967295}`,
	} {
		f.Add([]byte(seed), len(seed) > 0 && seed[0] != '{')
	}
	f.Fuzz(func(t *testing.T, data []byte, binary bool) {
		if binary {
			page.ReadFrameForTest(data)
		} else {
			page.ReadCommandForTest(data)
		}
	})
}
