package bittorrent_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/fault"
)

// reads demands that a site has exactly the files.
func reads(t *testing.T, r *node, a address.Address, files map[string][]byte) engine.Site {
	t.Helper()
	s, err := r.Open(within(t, 20*time.Second), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	fsys := s.FS(within(t, 30*time.Second))
	for name, want := range files {
		if got, err := fs.ReadFile(fsys, name); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes instead of %d, %v", name, len(got), len(want), err)
		}
	}
	return s
}

// httpTracker is a tracker over HTTP (BEP 3, BEP 23).
func httpTracker(t *testing.T) string {
	var mu sync.Mutex
	peers := map[string]string{} // infohash+address → compact peers
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		q := r.URL.Query()
		port, _ := strconv.Atoi(q.Get("port"))
		me := string(binary.BigEndian.AppendUint16([]byte{127, 0, 0, 1}, uint16(port)))
		peers[q.Get("info_hash")+me] = me
		var all strings.Builder
		for k, p := range peers {
			if strings.HasPrefix(k, q.Get("info_hash")) {
				all.WriteString(p)
			}
		}
		_, _ = w.Write(bencode.MustMarshal(map[string]any{"interval": 1, "peers": all.String()}))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/announce"
}

func TestHTTPTracker(t *testing.T) {
	tracker := httpTracker(t)
	o := loopback(t)
	o.Trackers = []string{tracker}
	p := start(t, o)
	files := enginetest.Tree()
	a, _, _ := publish(t, p, files, engine.DraftOptions{})
	o = loopback(t)
	o.Trackers = []string{tracker}
	reads(t, start(t, o), a.Root(), files)
}

// A tracker that an address names is not used when it is on this computer,
// unless that is allowed.
func TestLocalServersOfStrangers(t *testing.T) {
	tracker := httpTracker(t)
	o := loopback(t)
	o.Trackers = []string{tracker}
	a, _, _ := publish(t, start(t, o), enginetest.Tree(), engine.DraftOptions{})
	a = a.Root()
	a.Hints.Trackers = []string{tracker}
	if s, err := start(t, loopback(t)).Open(within(t, 500*time.Millisecond), a); fault.KindOf(err) != fault.Unreachable {
		t.Errorf("Open = %v, %v", s, err)
	}
	o = loopback(t)
	o.AllowLocal = true
	reads(t, start(t, o), a, enginetest.Tree())
}

// udpTracker is a tracker over UDP (BEP 15) that answers with the peers it has.
func udpTracker(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		var peers []byte
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			m := buf[:n]
			switch {
			case n >= 16 && binary.BigEndian.Uint32(m[8:]) == 0:
				_, _ = c.WriteTo(append(append(make([]byte, 4), m[12:16]...), "connectn"...), from)
			case n >= 98 && binary.BigEndian.Uint32(m[8:]) == 1:
				answer := append(append([]byte{0, 0, 0, 1}, m[12:16]...), 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0)
				_, _ = c.WriteTo(append(answer, peers...), from)
				peers = append(append(peers, 127, 0, 0, 1), m[96:98]...)
			}
		}
	}()
	return "udp://" + c.LocalAddr().String() + "/announce"
}

func TestUDPTracker(t *testing.T) {
	tracker := udpTracker(t)
	o := loopback(t)
	o.Trackers = []string{tracker}
	p := start(t, o)
	a, _, _ := publish(t, p, enginetest.Tree(), engine.DraftOptions{})
	o = loopback(t)
	o.Trackers = []string{tracker}
	reads(t, start(t, o), a.Root(), enginetest.Tree())
}

func TestDHT(t *testing.T) {
	var nodes []*node
	for range 3 {
		o := loopback(t)
		o.DHT = true
		nodes = append(nodes, start(t, o))
	}
	meet(t, nodes[0].Engine, nodes[1].Engine)
	meet(t, nodes[1].Engine, nodes[2].Engine)
	a, _, _ := publish(t, nodes[0], enginetest.Tree(), engine.DraftOptions{})
	reads(t, nodes[2], a.Root(), enginetest.Tree())
}

// A web seed serves the site when no peer does, and an exact source the index.
func TestWebSeed(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, _, folder := publish(t, p, files, engine.DraftOptions{})
	h, _ := a.InfoHash()
	torrent, err := p.o.Store.Get("index/" + hexOf(h[:]))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/seed/site/", http.StripPrefix("/seed/site/", http.FileServer(http.Dir(folder))))
	mux.HandleFunc("/site.torrent", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(torrent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	o := loopback(t)
	o.AllowLocal = true
	r := start(t, o)
	a = a.Root()
	a.Hints.WebSeeds = []string{server.URL + "/seed/"}
	a.Hints.ExactSources = []string{server.URL + "/site.torrent"}
	reads(t, r, a, map[string][]byte{"video/big.bin": files["video/big.bin"], "borders/1m+1": files["borders/1m+1"]})
	st, _ := r.Stats(a)
	if len(st.Peers) != 1 || st.Peers[0].Kind != engine.PeerHTTP {
		t.Errorf("peers: %+v", st.Peers)
	}
}

func TestUTPAndIPv6(t *testing.T) {
	for name, listen := range map[string]string{"uTP": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		t.Run(name, func(t *testing.T) {
			if l, err := net.Listen("tcp", listen); err != nil {
				t.Skipf("this computer has no such network: %v", err)
			} else {
				_ = l.Close()
			}
			o := loopback(t)
			o.Listen, o.NoUTP, o.NoTCP = listen, name != "uTP", name == "uTP"
			p := start(t, o)
			a, _, _ := publish(t, p, enginetest.Tree(), engine.DraftOptions{})
			_, addr, _ := strings.Cut(p.Status().Listen[0], "://")
			a.Hints.Peers = []string{addr}
			o = loopback(t)
			o.Listen, o.NoUTP, o.NoTCP = listen, name != "uTP", name == "uTP"
			r := start(t, o)
			reads(t, r, a, nil)
			want := engine.PeerTCP
			if name == "uTP" {
				want = engine.PeerUTP
			}
			defer reads(t, r, a, enginetest.Tree())
			if st, _ := r.Stats(a); len(st.Peers) != 1 || st.Peers[0].Kind != want {
				t.Errorf("peers: %+v", st.Peers)
			}
		})
	}
}

// A node that is killed has every piece it had verified.
func TestKilled(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, _, _ := publish(t, p, files, engine.DraftOptions{})
	a.Hints = hints(t, p.Engine)
	o := loopback(t)
	r := start(t, o)
	if err := reads(t, r, a, nil).Complete(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = p.Close()
	// The first engine goes on running, as if it had been killed: nothing is
	// flushed. The next one finds the files as they are.
	again := start(t, o)
	reads(t, again, a.Root(), files)
	if st, _ := again.Stats(a); st.Have != st.Pieces {
		t.Errorf("%d of %d pieces after a kill", st.Have, st.Pieces)
	}
}

func TestHybrid(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, _, _ := publish(t, p, files, engine.DraftOptions{Hybrid: true})
	v2, ok := a.InfoHashV2()
	if !ok {
		t.Fatalf("%v has no infohash of version 2", a.Magnet())
	}
	a.Hints = hints(t, p.Engine)
	reads(t, start(t, loopback(t)), a, files)
	// By its other name at the publisher, where it is open.
	reads(t, p, address.FromInfoHashV2(v2), files)
}

// A hybrid torrent is fetched by its infohash of version 2 alone. Looking for what
// to send takes long then, which is when a writer misses what happens (see wake.go).
func TestHybridByItsSecondName(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, _, _ := publish(t, p, files, engine.DraftOptions{Hybrid: true})
	v2, _ := a.InfoHashV2()
	b := address.FromInfoHashV2(v2)
	b.Hints = hints(t, p.Engine)
	reads(t, start(t, loopback(t)), b, files)
}

func TestImport(t *testing.T) {
	p := start(t, loopback(t))
	a, _, _ := publish(t, p, enginetest.Tree(), engine.DraftOptions{Trackers: []string{"udp://tracker.example:1"}})
	h, _ := a.InfoHash()
	index, err := p.o.Store.Get("index/" + hexOf(h[:]))
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, loopback(t))
	got, err := r.Import(t.Context(), index)
	if err != nil || got.Key() != a.Key() {
		t.Fatalf("Import = %v, %v; want %v", got, err, a)
	}
	s, err := r.Open(within(t, time.Second), got) // needs no peer
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // test
	if _, err := fs.Stat(s.FS(t.Context()), "css/site.css"); err != nil {
		t.Error(err)
	}
	if _, err := r.Import(t.Context(), []byte("d4:infod4:name1:aee")); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("Import of rubbish: %v", err)
	}
}

// A folder whose files were touched is served again once it was published again.
func TestPublishedAgainWhileOpen(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Tree()
	a, s, folder := publish(t, p, files, engine.DraftOptions{})
	later := time.Now().Add(time.Hour)
	for name := range files {
		if err := os.Chtimes(filepath.Join(folder, filepath.FromSlash(name)), later, later); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fs.ReadFile(s.FS(within(t, 100*time.Millisecond)), "one"); err == nil {
		t.Fatal("a touched file was served")
	}
	again, _ := enginetest.Publish(t, p.Engine, folder, engine.DraftOptions{})
	if again.Key() != a.Key() {
		t.Fatalf("the same content has the address %v, then %v", a, again)
	}
	if data, err := fs.ReadFile(s.FS(within(t, 5*time.Second)), "twins/a"); err != nil || !bytes.Equal(data, files["twins/a"]) {
		t.Errorf("after publishing again: %q, %v", data, err)
	}
	a.Hints = hints(t, p.Engine)
	reads(t, start(t, loopback(t)), a, files)
}

// What a reader jumps to comes before the rest.
func TestSeekComesFirst(t *testing.T) {
	p := start(t, loopback(t))
	files := big(64 << 20)
	a, _, _ := publish(t, p, files, engine.DraftOptions{})
	a.Hints = hints(t, p.Engine)
	r := start(t, loopback(t))
	s := reads(t, r, a, nil)
	f, err := s.FS(within(t, 20*time.Second)).Open("video.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // test
	at := int64(48 << 20)
	if _, err := f.(io.Seeker).Seek(at, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, files["video.bin"][at:at+100]) {
		t.Fatalf("wrong bytes, %v", err)
	}
	if st, _ := r.Stats(a); st.Stored > st.Total/2 {
		t.Errorf("%d of %d bytes came before those in the middle", st.Stored, st.Total)
	}
}

// A torrent that was made elsewhere can be removed, and then holds no disk.
func TestRemoveFreesTheDisk(t *testing.T) {
	p := start(t, loopback(t))
	a, _, _ := publish(t, p, enginetest.Large(), engine.DraftOptions{})
	a.Hints = hints(t, p.Engine)
	o := loopback(t)
	r := start(t, o)
	if err := reads(t, r, a, nil).Complete(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(o.Dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
