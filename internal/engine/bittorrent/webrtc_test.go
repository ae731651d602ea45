package bittorrent_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/bittorrent"
	"github.com/kith-web/kith/internal/engine/enginetest"
)

// wsTracker is a WebSocket tracker: it hands offers to the other members of a
// swarm and answers back.
type wsTracker struct {
	url    string
	server *httptest.Server

	mu        sync.Mutex
	swarms    map[string]map[string]*websocket.Conn // infohash, peer
	announces map[string]int                        // by peer
	conns     []*websocket.Conn
}

func newWSTracker(t *testing.T) *wsTracker {
	t.Helper()
	tr := &wsTracker{swarms: map[string]map[string]*websocket.Conn{}, announces: map[string]int{}}
	tr.server = httptest.NewServer(tr)
	tr.url = "ws" + strings.TrimPrefix(tr.server.URL, "http")
	t.Cleanup(func() { tr.hangUp(); tr.server.Close() })
	return tr
}

func (tr *wsTracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	ws.SetReadLimit(1 << 20)
	tr.mu.Lock()
	tr.conns = append(tr.conns, ws)
	tr.mu.Unlock()
	for {
		_, data, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		var m map[string]any
		if json.Unmarshal(data, &m) == nil {
			tr.handle(r, ws, m)
		}
	}
}

func (tr *wsTracker) handle(r *http.Request, ws *websocket.Conn, m map[string]any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	hash, _ := m["info_hash"].(string)
	peer, _ := m["peer_id"].(string)
	send := func(to *websocket.Conn, v map[string]any) {
		v["action"], v["info_hash"] = "announce", hash
		data, _ := json.Marshal(v)
		_ = to.Write(r.Context(), websocket.MessageText, data)
	}
	if answer := m["answer"]; answer != nil {
		to, _ := m["to_peer_id"].(string)
		if c := tr.swarms[hash][to]; c != nil {
			send(c, map[string]any{"answer": answer, "offer_id": m["offer_id"], "peer_id": peer})
		}
		return
	}
	if tr.swarms[hash] == nil {
		tr.swarms[hash] = map[string]*websocket.Conn{}
	}
	tr.swarms[hash][peer] = ws
	tr.announces[peer]++
	send(ws, map[string]any{"interval": 120, "complete": 0, "incomplete": 0})
	offers, _ := m["offers"].([]any)
	for id, c := range tr.swarms[hash] {
		if id != peer && len(offers) > 0 {
			o, _ := offers[0].(map[string]any)
			offers = offers[1:]
			send(c, map[string]any{"offer": o["offer"], "offer_id": o["offer_id"], "peer_id": peer})
		}
	}
}

// forget does what trackers do to those who announced long ago.
func (tr *wsTracker) forget() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.swarms = map[string]map[string]*websocket.Conn{}
}

// hangUp closes all connections.
func (tr *wsTracker) hangUp() {
	tr.mu.Lock()
	conns := tr.conns
	tr.conns = nil
	tr.swarms = map[string]map[string]*websocket.Conn{}
	tr.mu.Unlock()
	for _, c := range conns {
		_ = c.CloseNow()
	}
}

// overWebRTC are options for an engine whose only way to peers is WebRTC.
func overWebRTC(t *testing.T, tr *wsTracker) bittorrent.Options {
	o := loopback(t)
	o.NoTCP, o.NoUTP, o.WebRTC = true, true, true
	o.Trackers, o.AnnounceEvery = []string{tr.url}, time.Second
	return o
}

// Two engines with nothing but a WebSocket tracker find each other, also when
// the tracker forgot the one that was there first, and when it hung up.
func TestWebRTC(t *testing.T) {
	for name, meanwhile := range map[string]func(*wsTracker){
		"at once":                   func(*wsTracker) {},
		"after it was forgotten":    (*wsTracker).forget,
		"after the tracker was off": (*wsTracker).hangUp,
	} {
		t.Run(name, func(t *testing.T) {
			tr := newWSTracker(t)
			p := start(t, overWebRTC(t, tr))
			files := enginetest.Large()
			a, _, _ := publish(t, p, files, engine.DraftOptions{})
			waitFor(t, "the publisher's announce", func() bool {
				tr.mu.Lock()
				defer tr.mu.Unlock()
				return len(tr.announces) > 0
			})
			meanwhile(tr)
			r := start(t, overWebRTC(t, tr))
			s, err := r.Open(within(t, 30*time.Second), a.Root())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // test
			data, err := fs.ReadFile(s.FS(within(t, 30*time.Second)), enginetest.BigName)
			if err != nil || string(data) != string(files[enginetest.BigName]) {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
			st, _ := r.Stats(a)
			if len(st.Peers) != 1 || st.Peers[0].Kind != engine.PeerWebRTC || st.Peers[0].Downloaded < enginetest.BigSize {
				t.Errorf("peers: %+v", st.Peers)
			}
		})
	}
}

// waitFor polls for what nobody tells of.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := within(t, 20*time.Second)
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
