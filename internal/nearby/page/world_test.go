package page_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/store"
)

const (
	app    = "wtp://0123456789abcdef0123456789abcdef01234567"
	other  = "wtp://1123456789abcdef0123456789abcdef01234567"
	origin = "http://wtp-app.localhost:1"
	// soon is how long anything may take on a slow machine.
	soon = 20 * time.Second
)

// device is a node: a desk, and pages' sockets on a real port.
type device struct {
	t      *testing.T
	desk   *consent.Desk
	server *page.Server
	http   *httptest.Server
}

// join puts a device into the room.
func (r *room) join(t *testing.T, name string, change func(*page.Options)) *device {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("consent")
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t}
	if d.desk, err = consent.New(consent.Options{Store: bucket}); err != nil {
		t.Fatal(err)
	}
	o := page.Options{Desk: d.desk, Network: seat{r, name}, Console: "http://localhost:1/#/nearby", RetryFirst: 5 * time.Millisecond, RetryMost: 20 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	if d.server, err = page.New(o); err != nil {
		t.Fatal(err)
	}
	d.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.server.ServeSite(w, r, page.App{ID: r.URL.Query().Get("app"), Origin: origin})
	}))
	t.Cleanup(func() {
		_ = d.server.Close()
		d.http.Close()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.servers == nil {
		r.servers = map[string]*page.Server{}
	}
	r.servers[name] = d.server
	return d
}

// tab is a page's WebSocket, spoken by hand.
type tab struct {
	t    *testing.T
	ws   *websocket.Conn
	news chan map[string]any
	data chan []byte
	end  chan error
}

func (d *device) dial(app, origin string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), soon)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(d.http.URL, "http", "ws", 1)+"?app="+app, &websocket.DialOptions{
		Subprotocols: []string{"kith-lp2p-1"}, HTTPHeader: http.Header{"Origin": {origin}},
	})
	return ws, err
}

// open opens a page of an app.
func (d *device) open(app string) *tab {
	d.t.Helper()
	ws, err := d.dial(app, origin)
	if err != nil {
		d.t.Fatal(err)
	}
	ws.SetReadLimit(64 << 20)
	p := &tab{t: d.t, ws: ws, news: make(chan map[string]any, 100_000), data: make(chan []byte, 1000), end: make(chan error, 1)}
	d.t.Cleanup(func() { _ = ws.CloseNow() })
	go p.read()
	p.hear("welcome")
	return p
}

func (p *tab) read() {
	for {
		kind, data, err := p.ws.Read(context.Background())
		if err != nil {
			p.end <- err
			return
		}
		if kind == websocket.MessageBinary {
			p.data <- data
			continue
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			p.end <- err
			return
		}
		p.news <- m
	}
}

func (p *tab) say(format string, args ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) send(kind byte, id int, payload []byte) error {
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(id))
	return p.ws.Write(ctx, websocket.MessageBinary, append(head, payload...))
}

// hear waits for news of op, and passes over credit.
func (p *tab) hear(op string) map[string]any {
	p.t.Helper()
	timeout := time.After(soon)
	for {
		select {
		case m := <-p.news:
			switch m["op"] {
			case op:
				return m
			case "credit":
			default:
				p.t.Fatalf("the node says %v, want %s", m, op)
			}
		case err := <-p.end:
			p.t.Fatalf("the socket ended, want %s: %v", op, err)
		case <-timeout:
			p.t.Fatalf("the node does not say %s", op)
		}
	}
}

// atLast waits for news of op, whatever comes before.
func (p *tab) atLast(op string) {
	p.t.Helper()
	for timeout := time.After(soon); ; {
		select {
		case m := <-p.news:
			if m["op"] == op {
				return
			}
		case <-timeout:
			p.t.Fatalf("the node does not say %s", op)
		}
	}
}

// silent fails when the node has said anything before it answers a question that
// it always answers.
func (p *tab) silent() {
	p.t.Helper()
	p.say(`{"op":"devices","id":9999}`)
	if m := p.hear("devices"); len(m["devices"].([]any)) != 0 {
		p.t.Errorf("the page knows %v", m["devices"])
	}
}

// take waits for octets.
func (p *tab) take() (kind byte, id int, payload string) {
	p.t.Helper()
	select {
	case data := <-p.data:
		return data[0], int(binary.BigEndian.Uint32(data[1:])), string(data[5:])
	case err := <-p.end:
		p.t.Fatalf("the socket ended: %v", err)
	case <-time.After(soon):
		p.t.Fatal("no octets came")
	}
	return 0, 0, ""
}

// allow says yes to the next question of a kind.
func (d *device) allow(kind consent.Kind, a consent.Answer) {
	d.t.Helper()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, ask := range d.desk.Asks() {
			if ask.Kind == kind {
				if err := d.desk.Allow(ask.ID, a); err != nil {
					d.t.Fatal(err)
				}
				return
			}
		}
	}
	d.t.Fatalf("nobody asks to %s", kind)
}

// pair is two pages of one app on two devices that are connected: ids are the
// numbers of the connection on either side.
type pair struct {
	alice, bob     *device
	a, b           *tab
	idA, idB       int
	aliceTo, bobTo string // how the app calls the other device
}

func connected(t *testing.T, change func(*page.Options)) *pair {
	t.Helper()
	r := &room{}
	p := &pair{alice: r.join(t, "alice", change), bob: r.join(t, "bob", change)}
	p.a, p.b = p.alice.open(app), p.bob.open(app)
	p.b.say(`{"op":"receive","id":1,"nickname":"Bob's board"}`)
	p.bob.allow(consent.Advertise, consent.Answer{})
	p.b.hear("started")
	p.a.say(`{"op":"request","id":1,"nickname":"Alice's board"}`)
	p.alice.allow(consent.Reach, consent.Answer{Device: page.Device{ID: "bob", Name: "Bob"}, Remember: true})
	p.bob.allow(consent.Incoming, consent.Answer{Remember: true})
	at, bt := p.a.hear("connection"), p.b.hear("connection")
	if at["nickname"] != "Bob's board" || bt["nickname"] != "Alice's board" {
		t.Errorf("the pages hear of %v and %v", at["nickname"], bt["nickname"])
	}
	p.idA, p.idB = int(at["id"].(float64)), int(bt["id"].(float64))
	p.aliceTo, p.bobTo = at["device"].(string), bt["device"].(string)
	return p
}
