package exchange_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay"
	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/mailbox"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/sqlite"
	"github.com/kith-web/kith/internal/seal"
	"github.com/kith-web/kith/internal/store"
)

// patience is how long anything may take on a machine that is busy.
const patience = 60 * time.Second

// runningRelay is a real relay on a port of its own.
type runningRelay struct {
	url  string
	part *mailbox.Part
	stop func()
}

func startRelay(t testing.TB, dir, listen string, config *tls.Config, change ...func(*mailbox.Options)) *runningRelay {
	t.Helper()
	must := fatal(t)
	none := guard.Limit{PerSecond: -1}
	queues, err := sqlite.Open(filepath.Join(dir, "queues.db"), sqlite.Options{DiskShare: 1})
	must(err)
	secret := sha256.Sum256([]byte(dir))
	o := mailbox.Options{
		Store: queues, Secret: secret[:], Chunks: filepath.Join(dir, "chunks"), MaxDisk: 1,
		MaxSessionsPerAddress: 10_000, Proofs: none, Creates: none, Puts: none, Tickets: none, Requests: none,
	}
	for _, f := range change {
		f(&o)
	}
	part, err := mailbox.New(o)
	must(err)
	server, err := relay.New(relay.Options{
		Listen: listen, UDP: relay.Off, TLS: config, Parts: []relay.Part{part}, Drain: 100 * time.Millisecond, MaxConnsPerAddress: 10_000,
	})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	url := server.URLs()["ws"]
	if config != nil {
		url = "wss" + strings.TrimPrefix(strings.TrimPrefix(url, "wss"), "ws")
	}
	return &runningRelay{url: url, part: part, stop: sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the relay ends with %v", err)
		}
	})}
}

func fatal(t testing.TB) func(error) {
	return func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// live is a device on real relays, with a real store.
type live struct {
	t     testing.TB
	dir   string
	sim   *device // who its friends are
	peer  *exchange.Peer
	own   *exchange.OwnMailbox
	hop   string
	stop  func()
	files map[string][]byte

	mu      sync.Mutex
	handled map[seal.MessageID]int
	heard   chan struct{} // has an element after something was handled
	serves  int
}

func newLive(t testing.TB, sim *device) *live {
	l := &live{
		t: t, dir: t.TempDir(), sim: sim, files: map[string][]byte{}, handled: map[seal.MessageID]int{},
		heard: make(chan struct{}, 1),
	}
	return l
}

func (l *live) start() {
	l.t.Helper()
	must := fatal(l.t)
	db, err := store.Open(l.dir)
	must(err)
	bucket, err := db.Bucket("exchange")
	must(err)
	log := slog.New(slog.NewTextHandler(l.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	if !testing.Verbose() {
		log = slog.New(slog.DiscardHandler)
	}
	l.peer, err = exchange.NewPeer(exchange.PeerOptions{
		Core:     exchange.Options{People: l.sim.people, Handler: l, Local: bucket, Now: time.Now, Rand: rand.Reader},
		Answerer: l, Own: l.own, Log: log, MovedWithin: 100 * time.Millisecond,
		Hop: l.hop, HopOnly: l.hop != "",
	})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.peer.Run(ctx) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Errorf("%s ends with %v", l.sim.name, err)
		}
		must(db.Close())
	})
	l.t.Cleanup(l.stop)
}

func (l *live) Handle(_ seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	l.mu.Lock()
	l.handled[m.ID]++
	l.mu.Unlock()
	select {
	case l.heard <- struct{}{}:
	default:
	}
	return nil, nil
}

// until waits until n messages were handled.
func (l *live) until(n int) {
	l.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		l.mu.Lock()
		got := len(l.handled)
		l.mu.Unlock()
		if got == n {
			return
		}
		select {
		case <-l.heard:
		case <-timer.C:
			l.t.Fatalf("%s has %d messages of %d", l.sim.name, got, n)
		}
	}
}

func (l *live) Answer(_ context.Context, _ seal.RelationID, _ seal.Kind, q seal.Request) (*seal.Reply, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serves++
	body, ok := l.files[q.Path]
	if !ok {
		return &seal.Reply{Status: http.StatusNotFound}, nil
	}
	return &seal.Reply{
		Status: http.StatusOK, Header: map[string]string{"content-length": strconv.Itoa(len(body))},
		Body: io.NopCloser(bytes.NewReader(body)), Size: int64(len(body)),
	}, nil
}

// get asks and reads the answer to its end.
func (l *live) get(to seal.RelationID, path string) []byte {
	l.t.Helper()
	must := fatal(l.t)
	a, err := l.peer.Ask(l.t.Context(), to, seal.Request{Method: "GET", Path: path}, exchange.AskOptions{Wait: patience})
	must(err)
	if a.Reply == nil {
		l.t.Fatalf("nobody answers %s", path)
	}
	body, err := io.ReadAll(a.Reply.Body)
	must(err)
	must(a.Reply.Body.Close())
	return body
}

// livePair is two friends with queues on the relays.
func livePair(t testing.TB, relays ...*runningRelay) (a, b *live, id seal.RelationID) {
	w := newWorld(t, 1, network{})
	w.now = time.Now()
	pa, pb := w.person("alice"), w.person("bob")
	id = w.befriend(pa, pb, len(relays))
	for _, p := range []*person{pa, pb} {
		r := p.relations[id]
		for i := range relays {
			r.In[i].Relay, r.Out[i].Relay = relays[i].url, relays[i].url
		}
		p.rand = rand.Reader
	}
	return newLive(t, w.device(pa, "alice")), newLive(t, w.device(pb, "bob")), id
}

func certificate(t testing.TB) (*tls.Config, []byte) {
	t.Helper()
	must := fatal(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	hash := sha256.Sum256(der)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, hash[:]
}

// ownMailbox is a relay as its device reaches it.
func ownMailbox(r *runningRelay) *exchange.OwnMailbox {
	return &exchange.OwnMailbox{URL: r.url, Client: client.Options{TLS: &tls.Config{InsecureSkipVerify: true}}}
}
