package tracker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/relay/tracker"
)

// webPeer is a WebSocket client from a loopback address of its own.
type webPeer struct {
	*websocket.Conn
	t *testing.T
}

func (r *running) web(t *testing.T, from string) *webPeer {
	t.Helper()
	local := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	d := websocket.Dialer{NetDialContext: local.DialContext, HandshakeTimeout: patience}
	conn, resp, err := d.DialContext(t.Context(), "ws://"+r.tcp+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	return &webPeer{conn, t}
}

func (p *webPeer) say(message string) {
	p.t.Helper()
	if err := p.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		p.t.Fatal(err)
	}
}

// hear demands that the next message says the same as want.
func (p *webPeer) hear(want string) {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(patience))
	_, got, err := p.ReadMessage()
	if err != nil {
		p.t.Fatalf("waiting for %s: %v", want, err)
	}
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		p.t.Fatalf("%s: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		p.t.Fatalf("%s: %v", want, err)
	}
	if !reflect.DeepEqual(g, w) {
		p.t.Errorf("\n got %s\nwant %s", got, want)
	}
}

const (
	webHash = `"\u0000\u00ff\u00124Vx\u009a\u00bc\u00de\u00f1#Eg\u0089\u00ab\u00cd\u00ef\u00124V"` // plainHash
	tally   = `{"action":"announce","interval":120,"info_hash":` + webHash
)

func webAnnounce(peer, more string) string {
	return `{"action":"announce","info_hash":` + webHash + `,"peer_id":"` + peer + `","numwant":5` + more + `}`
}

const (
	idA = "-WW0000-aaaaaaaaaaaa"
	idB = "-WW0000-b\u00ff\\u0000\\\"bbbbbbbb"
	idC = "-WW0000-cccccccccccc"
)

// TestWebTracker is the conversation of two browsers and a native peer.
func TestWebTracker(t *testing.T) {
	r := run(t, tracker.Options{})
	a, b := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.2")
	a.say(webAnnounce(idA, `,"left":0,"event":"started","offers":[{"offer":{"type":"offer","sdp":"1"},"offer_id":"x"}]`))
	a.hear(tally + `,"complete":1,"incomplete":0,"downloaded":0}`)
	// The answer to b comes before anything it brings about.
	b.say(webAnnounce(idB, `,"left":null,"event":"started","offers":[
		{"offer":{"type":"offer","sdp":"v=0\r\n\u20ac \ud83d\ude00 ü"},"offer_id":"\u00fe\u0001y"},
		{"offer":{"type":"offer","sdp":"too many"},"offer_id":"z"}]`))
	b.hear(tally + `,"complete":1,"incomplete":1,"downloaded":0}`)
	a.hear(`{"action":"announce","info_hash":` + webHash + `,"peer_id":"` + idB + `","offer_id":"\u00fe\u0001y",
		"offer":{"type":"offer","sdp":"v=0\r\n€ 😀 ü"}}`)
	a.say(webAnnounce(idA, `,"to_peer_id":"`+idB+`","offer_id":"\u00fe\u0001y","answer":{"type":"answer","sdp":"2"}`))
	b.hear(`{"action":"announce","info_hash":` + webHash + `,"peer_id":"` + idA + `","offer_id":"\u00fe\u0001y",
		"answer":{"type":"answer","sdp":"2"}}`)

	_, got := r.get(t, announceTarget(1, 6881, "&left=5"), "")
	if !strings.HasPrefix(got, "d8:completei1e") || !strings.Contains(got, "10:incompletei2e") || !strings.HasSuffix(got, "5:peers0:e") {
		t.Errorf("a native peer beside them: %q, want 1 seed, 2 leechers and no addresses", got)
	}
	b.say(webAnnounce(idB, `,"left":0,"event":"completed"`))
	b.hear(tally + `,"complete":2,"incomplete":1,"downloaded":1}`)
	b.say(`{"action":"scrape","info_hash":[` + webHash + `,"zzzzzzzzzzzzzzzzzzzz"]}`)
	b.hear(`{"action":"scrape","files":{` + webHash + `:{"complete":2,"incomplete":1,"downloaded":1},
		"zzzzzzzzzzzzzzzzzzzz":{"complete":0,"incomplete":0,"downloaded":0}},"flags":{"min_request_interval":60}}`)
	a.say(webAnnounce(idA, `,"event":"stopped"`))
	a.hear(tally + `,"complete":1,"incomplete":1,"downloaded":1}`)
	b.Close()
	waitFor(t, "b to be gone", func() bool { return r.Metrics().Peers == 1 })
	if m := r.Metrics(); m.Offers != 1 || m.Answers != 1 || m.Dropped != 0 {
		t.Errorf("%+v, want one offer and one answer", m)
	}
}

func TestWebTrackerRefuses(t *testing.T) {
	r := run(t, tracker.Options{MaxJoined: 1})
	p := r.web(t, "127.0.0.1")
	fail := func(action, why string) string {
		return `{"action":"` + action + `","failure reason":"` + why + `"}`
	}
	named := func(why string) string {
		return `{"action":"announce","failure reason":"` + why + `","info_hash":` + webHash + `}`
	}
	const notJSON = "message is not JSON of the tracker protocol"
	for message, want := range map[string]string{
		``:                      fail("announce", notJSON),
		`[]`:                    fail("announce", notJSON),
		`{} {}`:                 fail("announce", notJSON),
		"{\"action\":\"\xff\"}": fail("announce", notJSON),
		`{"action":"announce","info_hash":"short"}`:                                         fail("announce", "info_hash must be 20 characters up to U+00FF"),
		`{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaa\u0100"}`:                     fail("announce", "info_hash must be 20 characters up to U+00FF"),
		`{"action":"announce","info_hash":` + webHash + `}`:                                 named("peer_id must be 20 characters up to U+00FF"),
		`{"action":"scrape","info_hash":[1]}`:                                               fail("scrape", "info_hash must be 20 characters up to U+00FF"),
		`{"action":"scrape"}`:                                                               fail("scrape", "info_hash must be 20 characters up to U+00FF"),
		`{"action":1}`:                                                                      fail("announce", "action must be announce or scrape"),
		webAnnounce(idA, `,"offers":[1]`):                                                   named("an offer or answer must be an object"),
		webAnnounce(idA, `,"offers":[{"offer":{}}]`):                                        named("offer_id is missing or too long"),
		webAnnounce(idA, `,"answer":"x"`):                                                   named("an offer or answer must be an object"),
		webAnnounce(idA, `,"answer":{}`):                                                    named("to_peer_id must be 20 octets"),
		webAnnounce(idA, `,"answer":{},"offer_id":"x","to_peer_id":"`+idB+`"`):              named("announce to the swarm before answering in it"),
		webAnnounce(idA, `,"offers":[`+strings.Repeat("[", 30)+strings.Repeat("]", 30)+`]`): fail("announce", notJSON),
	} {
		p.say(message)
		p.hear(want)
	}
	p.say(webAnnounce(idA, ""))
	p.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
	p.say(strings.Replace(webAnnounce(idA, ""), webHash, `"zzzzzzzzzzzzzzzzzzzz"`, 1))
	p.hear(`{"action":"announce","failure reason":"too many torrents on one connection","info_hash":"zzzzzzzzzzzzzzzzzzzz"}`)
}

// TestAPeerIDIsItsOwners tries to take over the id of another, whose answers
// would then go astray.
func TestAPeerIDIsItsOwners(t *testing.T) {
	r := run(t, tracker.Options{})
	owner, thief := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.2")
	owner.say(webAnnounce(idA, ""))
	owner.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
	thief.say(webAnnounce(idA, ""))
	thief.hear(`{"action":"announce","failure reason":"peer id is in use by another connection","info_hash":` + webHash + `}`)
	thief.say(webAnnounce(idA, `,"event":"stopped"`))
	thief.hear(`{"action":"announce","failure reason":"peer id is in use by another connection","info_hash":` + webHash + `}`)
	again := r.web(t, "127.0.0.1") // the owner, before its old connection is found dead
	again.say(webAnnounce(idA, ""))
	again.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
	owner.Close()
	waitFor(t, "the old connection to be gone", func() bool { return r.Metrics().Sockets == 2 })
	if n := r.Metrics().Peers; n != 1 {
		t.Errorf("%d peers, want the one that came back", n)
	}
	again.say(webAnnounce(idC, "")) // one connection is one peer in a swarm
	again.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
}

func TestASocketThatIsTooLoudIsClosed(t *testing.T) {
	r := run(t, tracker.Options{MaxMessage: 1000, MaxSocketsPerAddress: 2})
	long, binary := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.1")
	_, resp, err := websocket.DefaultDialer.Dial("ws://"+r.tcp, nil)
	if err == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third connection: %v, %v", resp, err)
	}
	long.say(webAnnounce(idA, `,"x":"`+strings.Repeat("x", 1000)+`"`))
	if _, _, err := long.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("a long message: %v", err)
	}
	binary.WriteMessage(websocket.BinaryMessage, []byte("x"))
	if _, _, err := binary.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseUnsupportedData) {
		t.Errorf("a binary message: %v", err)
	}
	waitFor(t, "both to be gone", func() bool { return r.Metrics().Sockets == 0 })
	r.web(t, "127.0.0.1").say("{}") // and there is room again
}

// TestASlowReaderHoldsNobodyUp floods a peer that does not read.
func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	r := run(t, tracker.Options{MaxQueue: 4096, Patience: 2 * time.Second})
	slow, busy := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.2")
	if err := slow.NetConn().(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	slow.say(webAnnounce(idA, ""))
	slow.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
	offer := webAnnounce(idC, `,"offers":[{"offer":{"sdp":"`+strings.Repeat("x", 3000)+`"},"offer_id":"x"}]`)
	for end := time.Now().Add(2 * patience); r.Metrics().Sockets == 2; {
		busy.say(offer)
		if _, _, err := busy.ReadMessage(); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatal("the slow one is never closed")
		}
	}
	if r.Metrics().Dropped == 0 {
		t.Error("its queue has no bound")
	}
}

func TestTheSilentAreAskedAndTheDeadAreClosed(t *testing.T) {
	r := run(t, tracker.Options{PingEvery: time.Second})
	alive, dead := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.1")
	pings := make(chan struct{}, 100)
	answer := alive.PingHandler()
	alive.SetPingHandler(func(data string) error {
		pings <- struct{}{}
		return answer(data)
	})
	go alive.ReadMessage() // answers pings; the dead one reads nothing
	waitFor(t, "the dead to be closed", func() bool { return r.Metrics().Sockets == 1 })
	if len(pings) == 0 {
		t.Error("nobody was asked")
	}
	if _, _, err := dead.ReadMessage(); err == nil {
		t.Error("the dead one lives")
	}
}

func TestAPingIsAnswered(t *testing.T) {
	p := run(t, tracker.Options{}).web(t, "127.0.0.1")
	pong := make(chan string, 1)
	p.SetPongHandler(func(data string) error { pong <- data; return nil })
	if err := p.WriteControl(websocket.PingMessage, []byte("hi"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go p.ReadMessage()
	if got := <-pong; got != "hi" {
		t.Errorf("pong %q", got)
	}
}

func TestDrainSendsAllAway(t *testing.T) {
	r := run(t, tracker.Options{})
	var peers []*webPeer
	for range 10 {
		peers = append(peers, r.web(t, "127.0.0.1"))
	}
	stuck, _ := rawSocket(t, r.tcp) // takes no notice
	defer stuck.Close()
	began := time.Now()
	done := make(chan struct{})
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		r.Drain(ctx, 100*time.Millisecond)
		close(done)
	}()
	for _, p := range peers {
		if _, _, err := p.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("%v, want status 1001", err)
		}
	}
	<-done
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it took %v", took)
	}
	if n := r.Metrics().Sockets; n != 0 {
		t.Errorf("%d are left", n)
	}
	if conn, _, err := websocket.DefaultDialer.Dial("ws://"+r.tcp, nil); err == nil {
		if _, _, err := conn.ReadMessage(); err == nil {
			t.Error("a new one is taken in")
		}
	}
}

// TestLongMessagesPass is about offers larger than any buffer kept.
func TestLongMessagesPass(t *testing.T) {
	r := run(t, tracker.Options{})
	a, b := r.web(t, "127.0.0.1"), r.web(t, "127.0.0.1")
	a.say(webAnnounce(idA, ""))
	a.hear(tally + `,"complete":0,"incomplete":1,"downloaded":0}`)
	offer := `{"sdp":"` + string(bytes.Repeat([]byte(`\n`), 30_000)) + `"}`
	b.say(webAnnounce(idC, `,"offers":[{"offer":`+offer+`,"offer_id":"x"}]`))
	b.hear(tally + `,"complete":0,"incomplete":2,"downloaded":0}`)
	a.hear(`{"action":"announce","info_hash":` + webHash + `,"peer_id":"` + idC + `","offer_id":"x","offer":` + offer + `}`)
}
