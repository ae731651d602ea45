package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/turn"
)

const patience = 10 * time.Second

// running is a relay that serves until it is stopped.
type running struct {
	*relay.Server
	stop context.CancelFunc
	done chan error
}

func run(t *testing.T, o relay.Options) *running {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Drain == 0 {
		o.Drain = 50 * time.Millisecond
	}
	s, err := relay.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{s, stop, make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the relay and demands that it ends well.
func (r *running) end(t *testing.T) {
	t.Helper()
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(patience):
		t.Error("Run does not end")
	}
	http.DefaultClient.CloseIdleConnections()
}

func (r *running) host(t *testing.T, service string) string {
	t.Helper()
	u, err := url.Parse(r.URLs()[service])
	if err != nil || u.Host == "" {
		t.Fatalf("%s is at %q: %v", service, r.URLs()[service], err)
	}
	return u.Host
}

func get(t *testing.T, u string) (int, string) {
	t.Helper()
	resp, err := http.Get(u)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// mailbox stands for a service that comes later.
type mailbox struct{ ended chan struct{} }

func (mailbox) Prefix() string { return "/mailbox/" }
func (mailbox) Metrics() any   { return map[string]int{"queues": 7} }

func (m mailbox) Run(ctx context.Context) error {
	<-ctx.Done()
	close(m.ended)
	return ctx.Err()
}

func (mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "a letter for ", r.URL.Path)
}

func TestAllServicesTogether(t *testing.T) {
	part := mailbox{make(chan struct{})}
	r := run(t, relay.Options{
		TURN: "127.0.0.1:0", Metrics: "127.0.0.1:0", Parts: []relay.Part{part},
		Relay: turn.Options{PublicIP: netip.MustParseAddr("127.0.0.1"), TTL: 10 * time.Minute},
	})
	web := "http://" + r.host(t, "http")
	if status, body := get(t, r.URLs()["http"]+"?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=7&left=0"); status != 200 || !strings.HasPrefix(body, "d8:completei1e") {
		t.Errorf("HTTP tracker: %d %q", status, body)
	}
	if n := udpSeeds(t, r.host(t, "udp"), connect(t, r.host(t, "udp"))); n != 1 {
		t.Errorf("UDP tracker: %d seeds, want 1", n)
	}
	conn, resp, err := websocket.DefaultDialer.Dial(r.URLs()["ws"], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer conn.Close()
	conn.WriteMessage(websocket.TextMessage, []byte(`{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"cccccccccccccccccccc"}`))
	if _, answer, err := conn.ReadMessage(); err != nil || !bytes.Contains(answer, []byte(`"complete":1,"incomplete":1`)) {
		t.Errorf("WebSocket tracker: %s, %v", answer, err)
	}
	if status, body := get(t, web+"/mailbox/x"); status != 200 || body != "a letter for /mailbox/x" {
		t.Errorf("part: %d %q", status, body)
	}
	if status, body := get(t, web+"/"); status != 200 || !strings.Contains(body, "Kith relay") {
		t.Errorf("/: %d %q", status, body)
	}
	if status, _ := get(t, web+"/metrics"); status != http.StatusNotFound {
		t.Errorf("the metrics are told to everybody: %d", status)
	}
	checkICE(t, r, web)
	checkMetrics(t, r)
	r.end(t)
	<-part.ended
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("in the end: %v, want status 1001", err)
	}
}

func checkICE(t *testing.T, r *running, web string) {
	t.Helper()
	status, body := get(t, web+"/ice")
	var ice struct {
		IceServers []struct {
			URLs                 []string
			Username, Credential string
		}
		TTL int
	}
	if err := json.Unmarshal([]byte(body), &ice); err != nil || status != 200 || len(ice.IceServers) != 2 {
		t.Fatalf("%d %q: %v", status, body, err)
	}
	stun, relayed := ice.IceServers[0], ice.IceServers[1]
	if stun.URLs[0] != r.URLs()["stun"] || stun.Credential != "" {
		t.Errorf("STUN: %+v", stun)
	}
	if relayed.URLs[0] != r.URLs()["turn"]+"?transport=udp" || relayed.Username == "" || relayed.Credential == "" {
		t.Errorf("TURN: %+v", relayed)
	}
	if ice.TTL < 590 || ice.TTL > 600 {
		t.Errorf("good for %d s, want ten minutes", ice.TTL)
	}
}

func checkMetrics(t *testing.T, r *running) {
	t.Helper()
	_, body := get(t, r.URLs()["metrics"])
	for _, line := range []string{
		"kith_relay_tracker_http_announces 1\n", "kith_relay_tracker_udp_scrapes 1\n", "kith_relay_tracker_peers 2\n",
		"kith_relay_tracker_sockets 1\n", "kith_relay_turn_allocations 0\n", "kith_relay_parts_mailbox_queues 7\n",
	} {
		if !strings.Contains(body, line) {
			t.Errorf("no %q in\n%s", line, body)
		}
	}
	_, body = get(t, r.URLs()["metrics"]+".json")
	var m relay.Metrics
	if err := json.Unmarshal([]byte(body), &m); err != nil || m.Tracker.Swarms != 1 || m.Connections == 0 {
		t.Errorf("%s: %v", body, err)
	}
}

// connect asks the UDP tracker for a connection id (BEP 15).
func connect(t *testing.T, addr string) []byte {
	t.Helper()
	req := append(binary.BigEndian.AppendUint64(nil, 0x41727101980), 0, 0, 0, 0, 1, 2, 3, 4)
	return ask(t, addr, req)[8:16]
}

func udpSeeds(t *testing.T, addr string, id []byte) uint32 {
	t.Helper()
	req := append(append(bytes.Clone(id), 0, 0, 0, 2, 1, 2, 3, 4), "aaaaaaaaaaaaaaaaaaaa"...)
	answer := ask(t, addr, req)
	if binary.BigEndian.Uint32(answer) != 2 {
		t.Fatalf("scrape: %q", answer)
	}
	return binary.BigEndian.Uint32(answer[8:])
}

func ask(t *testing.T, addr string, req []byte) []byte {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(req); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func TestAPortInUseIsSaidSo(t *testing.T) {
	r := run(t, relay.Options{})
	_, err := relay.New(relay.Options{Listen: r.host(t, "http")})
	if fault.KindOf(err) != fault.InUse || !strings.Contains(err.Error(), r.host(t, "http")) {
		t.Errorf("TCP: %v", err)
	}
	_, err = relay.New(relay.Options{Listen: "127.0.0.1:0", UDP: r.host(t, "udp")})
	if fault.KindOf(err) != fault.InUse {
		t.Errorf("UDP: %v", err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for name, o := range map[string]relay.Options{
		"nowhere": {},
		"no port": {Listen: "127.0.0.1"},
		"TURN over TLS without a certificate": {
			Listen: "127.0.0.1:0", TURN: "127.0.0.1:0", TURNTLS: "127.0.0.1:0", Relay: turn.Options{PublicIP: netip.MustParseAddr("127.0.0.1")},
		},
		"TURN nowhere": {Listen: "127.0.0.1:0", Relay: turn.Options{PublicIP: netip.MustParseAddr("127.0.0.1")}},
	} {
		if s, err := relay.New(o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestOnlyWhatIsAskedForIsThere(t *testing.T) {
	r := run(t, relay.Options{UDP: relay.Off})
	if u := r.URLs(); len(u) != 2 {
		t.Errorf("%v, want http and ws alone", u)
	}
	if status, _ := get(t, "http://"+r.host(t, "http")+"/ice"); status != http.StatusNotFound {
		t.Errorf("/ice: %d", status)
	}
}

// TestASuccessorTakesOver starts a second relay on the same ports before the
// first ends. What the first gave out is good with the second.
func TestASuccessorTakesOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot share a port safely")
	}
	o := relay.Options{ReusePort: true, Secret: []byte("kept by who restarts it"), Drain: 100 * time.Millisecond}
	first := run(t, o)
	id := connect(t, first.host(t, "udp"))
	conn, resp, err := websocket.DefaultDialer.Dial(first.URLs()["ws"], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer conn.Close()
	o.Listen, o.UDP = first.host(t, "http"), first.host(t, "udp")
	second := run(t, o)
	first.end(t)
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("%v, want status 1001", err)
	}
	if status, _ := get(t, second.URLs()["http"]); status != 200 {
		t.Errorf("HTTP: %d", status)
	}
	if n := udpSeeds(t, second.host(t, "udp"), id); n != 0 {
		t.Errorf("%d seeds", n)
	}
}

func TestConnectionsAreCapped(t *testing.T) {
	r := run(t, relay.Options{MaxConnsPerAddress: 3})
	var open []net.Conn
	for range 3 {
		open = append(open, dial(t, r))
	}
	if speaks(t, dial(t, r)) {
		t.Error("a fourth connection is served")
	}
	open[0].Close()
	for end := time.Now().Add(patience); r.Metrics().Connections != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections count after one of three is closed", r.Metrics().Connections)
		}
	}
	if !speaks(t, dial(t, r)) {
		t.Error("there is no room again")
	}
}

func dial(t *testing.T, r *running) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.host(t, "http"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func speaks(t *testing.T, conn net.Conn) bool {
	t.Helper()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.Contains(line, "200")
}

func TestSwarmsAreKeptForTheNextRelay(t *testing.T) {
	o := relay.Options{State: filepath.Join(t.TempDir(), "swarms")}
	announce := "?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&left=0&port="
	first := run(t, o)
	get(t, first.URLs()["http"]+announce+"7")
	first.end(t)
	second := run(t, o)
	if n := udpSeeds(t, second.host(t, "udp"), connect(t, second.host(t, "udp"))); n != 1 {
		t.Errorf("%d seeds, want the one kept", n)
	}
	if _, err := os.Stat(o.State); err == nil {
		t.Error("addresses stay in the file")
	}
	second.end(t)
	if info, err := os.Stat(o.State); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(o.State, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := run(t, o)
	if n := third.Metrics().Tracker.Peers; n != 0 {
		t.Errorf("%d peers out of nonsense", n)
	}
}

func TestTheSameOverTLS(t *testing.T) {
	certified := httptest.NewTLSServer(nil) // for its certificate
	defer certified.Close()
	r := run(t, relay.Options{TLS: &tls.Config{Certificates: certified.TLS.Certificates}})
	client := certified.Client()
	resp, err := client.Get(r.URLs()["http"])
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 1 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
	d := websocket.Dialer{TLSClientConfig: client.Transport.(*http.Transport).TLSClientConfig.Clone()}
	d.TLSClientConfig.NextProtos = nil
	conn, resp, err := d.Dial(r.URLs()["ws"], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	defer conn.Close()
	conn.WriteMessage(websocket.TextMessage, []byte(`{"action":"scrape","info_hash":"aaaaaaaaaaaaaaaaaaaa"}`))
	if _, answer, err := conn.ReadMessage(); err != nil || !bytes.Contains(answer, []byte(`"complete":0`)) {
		t.Errorf("%s, %v", answer, err)
	}
	client.CloseIdleConnections()
}
