package host_test

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/relay/guard"
)

// info reads /.kith/site under a host name.
func (w *world) info(name string) host.Info {
	w.t.Helper()
	got := w.get("http://any/.kith/site", "Host: "+name)
	if got.status != 200 || got.header.Get("Cache-Control") != "no-cache" {
		w.t.Fatalf("%s/.kith/site: %d %q", name, got.status, got.body)
	}
	var info host.Info
	check(w.t, json.Unmarshal([]byte(got.body), &info))
	return info
}

func TestPiecesMakeTheSite(t *testing.T) {
	w := newWorld(t, host.Options{
		Badge: true, NodePort: 5484, Trackers: []string{"wss://further.example"},
		WebTransport: func(name string) []host.Endpoint {
			return []host.Endpoint{{URL: "https://" + name + ":4433/bittorrent", Hashes: []string{"aGFzaA=="}}}
		},
	})
	a := w.show("blog", files())
	info := w.info("blog." + domain)
	if info.Version != 1 || info.Address != a.Key() || info.Name != "A site" || !info.Badge || info.ICE != "" ||
		info.Node != "http://"+labelOf(t, a)+".localhost:5484/" || info.WebTransport[0].URL != "https://blog."+domain+":4433/bittorrent" ||
		len(info.Trackers) != 2 || info.Trackers[0] != "ws://blog."+domain+"/.kith/tracker" {
		t.Errorf("the site is described as %+v", info)
	}
	index := w.get("http://blog." + domain + info.Index)
	if index.status != 200 || !strings.Contains(index.header.Get("Cache-Control"), "immutable") || index.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the index: %d %v", index.status, index.header)
	}
	var all strings.Builder
	pieces := 0
	for ; ; pieces++ {
		piece := w.get("http://blog." + domain + info.Piece + strconv.Itoa(pieces))
		if piece.status == 404 {
			break
		}
		if piece.status != 200 || !strings.Contains(piece.header.Get("Cache-Control"), "immutable") {
			t.Fatalf("piece %d: %d %v", pieces, piece.status, piece.header)
		}
		all.WriteString(piece.body)
	}
	for name, data := range files() {
		if !strings.Contains(all.String(), string(data)) {
			t.Errorf("%s is not in the %d pieces", name, pieces)
		}
	}
	part := w.get("http://blog."+domain+info.Piece+"0", "Range: bytes=1-3")
	if part.status != http.StatusPartialContent || part.body != all.String()[1:4] {
		t.Errorf("a part of a piece: %d %q", part.status, part.body)
	}
	for _, m := range w.host.Metrics() {
		if m.Label == labelOf(t, a) && (m.Pieces != int64(pieces)+1 || m.PieceBytes != int64(all.Len())+3 || m.Bytes <= m.PieceBytes) {
			t.Errorf("counted %+v, of %d bytes in %d pieces", m, all.Len(), pieces)
		}
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	plain := w.get("http://" + domain + "/.kith/loader.js")
	packed := w.get("http://"+domain+"/.kith/loader.js", "Accept-Encoding: gzip, br")
	if plain.status != 200 || packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body) ||
		packed.header.Get("Etag") == plain.header.Get("Etag") {
		t.Errorf("%d %v and %v", plain.status, plain.header, packed.header)
	}
	if got := w.get("http://"+domain+"/.kith/loader.js", "If-None-Match: "+plain.header.Get("Etag")); got.status != http.StatusNotModified {
		t.Errorf("a known loader: %d", got.status)
	}
	if got := w.get("http://" + domain + "/.kith/worker.js"); got.header.Get("Service-Worker-Allowed") != "/" {
		t.Errorf("the worker has %v", got.header)
	}
	if got := w.get("http://" + domain + "/.kith/served"); got.header.Get("Content-Security-Policy") != "default-src 'none'" ||
		!strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("the page has %v", got.header)
	}
}

func TestWebSeed(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	for _, name := range []string{"index.html", "big.bin", "dir/x.txt", "_redirects"} {
		got := w.get("http://" + domain + "/.kith/seed/Any%20name/" + name)
		if got.status != 200 || got.body != string(files()[name]) {
			t.Errorf("%s: %d, %d bytes", name, got.status, len(got.body))
		}
	}
	part := w.get("http://"+domain+"/.kith/seed/x/big.bin", "Range: bytes=100-199", "Sec-Fetch-Dest: document")
	if part.status != http.StatusPartialContent || part.body != string(files()["big.bin"][100:200]) {
		t.Errorf("a part: %d %q", part.status, part.body)
	}
	for _, path := range []string{"x/dir", "x/", "x/old", "", "x/dir/"} {
		if got := w.get("http://" + domain + "/.kith/seed/" + path); got.status != 404 {
			t.Errorf("%q: %d", path, got.status)
		}
	}
}

func TestPeersMeetInServedSwarmsAlone(t *testing.T) {
	w := newWorld(t, host.Options{})
	w.show("@", files())
	swarm, err := hex.DecodeString(w.info(domain).Swarm)
	check(t, err)
	one, two := w.socket(), w.socket()
	announce := func(c *websocket.Conn, hash []byte, id string, offer string) {
		check(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"action":"announce","info_hash":`+latin(hash)+`,"peer_id":`+latin([]byte(id))+
			`,"numwant":1,"left":1,"offers":[`+offer+`]}`)))
	}
	announce(one, swarm, "aaaaaaaaaaaaaaaaaaaa", "")
	if got := read(t, one); !strings.Contains(got, `"interval"`) {
		t.Fatalf("the first peer heard %s", got)
	}
	announce(two, swarm, "bbbbbbbbbbbbbbbbbbbb", `{"offer_id":"cccccccccccccccccccc","offer":{"type":"offer","sdp":"x"}}`)
	if got := read(t, one); !strings.Contains(got, `"sdp":"x"`) {
		t.Errorf("the first peer heard %s", got)
	}
	announce(one, []byte("dddddddddddddddddddd"), "aaaaaaaaaaaaaaaaaaaa", "")
	if got := read(t, one); !strings.Contains(got, "does not serve that torrent") {
		t.Errorf("a stranger's swarm: %s", got)
	}
	if got := w.get("http://" + domain + "/.kith/scrape?info_hash=" + escaped(swarm)); !strings.Contains(got.body, "5:files") {
		t.Errorf("a scrape: %q", got.body)
	}
}

// socket opens a WebSocket to the host's tracker.
func (w *world) socket() *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), "ws://"+domain+"/.kith/tracker", &websocket.DialOptions{HTTPClient: w.client})
	check(w.t, err)
	w.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, data, err := c.Read(t.Context())
	check(t, err)
	return string(data)
}

// latin is octets as trackers write them into JSON.
func latin(b []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range b {
		out.WriteString(`\u00` + hex.EncodeToString([]byte{c}))
	}
	return out.String() + `"`
}

func escaped(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteString("%" + hex.EncodeToString([]byte{c}))
	}
	return out.String()
}

func TestAFloodIsRefused(t *testing.T) {
	w := newWorld(t, host.Options{Rate: guard.Limit{PerSecond: 0.001, Burst: 20}})
	w.show("@", files())
	refused := 0
	for range 30 {
		if got := w.get("http://" + domain + "/a.css"); got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") != "" {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 30 requests were refused, with 20 allowed", refused)
	}
}

func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	w := newWorld(t, host.Options{Stall: 200 * time.Millisecond, MaxBusy: 1})
	big := make([]byte, 32<<20) // more than sockets buffer
	w.show("@", map[string][]byte{"big.bin": big})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+domain+"/big.bin", nil)
	check(t, err)
	res, err := w.client.Do(req)
	check(t, err)
	defer res.Body.Close()
	// Its place among the busy is free again without a byte being taken.
	for {
		got := w.get("http://" + domain + "/.kith/loader.js")
		if got.status == 200 {
			break
		}
		if got.status != http.StatusServiceUnavailable {
			t.Fatalf("a busy host: %d", got.status)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("all %d bytes came", n)
	}
}

func TestAListOfSTUNAndTURN(t *testing.T) {
	w := newWorld(t, host.Options{ICE: func(name string) []host.ICEServer {
		return []host.ICEServer{{URLs: []string{"stun:" + name + ":3478"}}}
	}})
	w.show("@", files())
	if got := w.get("http://" + domain + "/.kith/ice"); got.body != `[{"urls":["stun:`+domain+`:3478"]}]` || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if w.info(domain).ICE != "/.kith/ice" {
		t.Error("visitors are not told of it")
	}
}
