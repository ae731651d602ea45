package harness

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"github.com/kith-web/kith/internal/address"
)

// Tracker is an HTTP tracker (BEP 3, BEP 23) that tells everybody about
// everybody.
type Tracker struct {
	// URL is where to announce.
	URL string

	mu    sync.Mutex
	peers map[string]map[netip.AddrPort]bool // by infohash
}

// StartTracker starts a tracker on loopback.
func StartTracker(t testing.TB) *Tracker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return StartTrackerOn(t, l)
}

// StartTrackerOn starts a tracker on a listener.
func StartTrackerOn(t testing.TB, l net.Listener) *Tracker {
	t.Helper()
	tr := &Tracker{peers: map[string]map[netip.AddrPort]bool{}}
	s := httptest.NewUnstartedServer(tr)
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	tr.URL = s.URL + "/announce"
	return tr
}

// Add tells the tracker of a peer that does not announce itself.
func (tr *Tracker) Add(torrent []byte, peer string) error {
	a, err := address.FromTorrent(torrent)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddrPort(peer)
	if err != nil {
		return err
	}
	hash, _ := a.InfoHash()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.swarm(string(hash[:]))[addr] = true
	return nil
}

// swarm returns the peers of an infohash. The caller holds the mutex.
func (tr *Tracker) swarm(hash string) map[netip.AddrPort]bool {
	if tr.peers[hash] == nil {
		tr.peers[hash] = map[netip.AddrPort]bool{}
	}
	return tr.peers[hash]
}

func (tr *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	port, err := strconv.ParseUint(q.Get("port"), 10, 16)
	if err != nil {
		_, _ = w.Write([]byte("d14:failure reason7:no porte"))
		return
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	self := netip.AddrPortFrom(netip.MustParseAddr(host).Unmap(), uint16(port))
	tr.mu.Lock()
	defer tr.mu.Unlock()
	swarm := tr.swarm(q.Get("info_hash"))
	var compact []byte
	for p := range swarm {
		if p != self && p.Addr().Is4() {
			ip := p.Addr().As4()
			compact = append(compact, ip[0], ip[1], ip[2], ip[3], byte(p.Port()>>8), byte(p.Port()))
		}
	}
	if swarm[self] = true; q.Get("event") == "stopped" {
		delete(swarm, self)
	}
	_, _ = fmt.Fprintf(w, "d8:completei0e10:incompletei0e8:intervali2e12:min intervali1e5:peers%d:%se", len(compact), compact)
}
