package webtransport_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	wt "github.com/quic-go/webtransport-go"

	"github.com/kith-web/kith/internal/webtransport"
)

// patience is for what happens soon on a computer that is not busy.
const patience = 30 * time.Second

// memory is a Bucket.
type memory struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (b *memory) Get(key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v, ok := b.m[key]; ok {
		return v, nil
	}
	return nil, fmt.Errorf("get: %w", fs.ErrNotExist)
}

func (b *memory) Put(key string, value []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.m[key] = value
	return nil
}

func listen(t *testing.T, o webtransport.Options) *webtransport.Listener {
	t.Helper()
	l, err := webtransport.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// shown dials and returns the certificate that the listener shows.
func shown(t *testing.T, l *webtransport.Listener) *x509.Certificate {
	t.Helper()
	var leaf *x509.Certificate
	s, err := dial(t, l, func(c *x509.Certificate) { leaf = c })
	if err != nil {
		t.Fatal(err)
	}
	_ = s.CloseWithError(0, "")
	return leaf
}

// dial opens a session as browsers do, trusting published hashes alone.
func dial(t *testing.T, l *webtransport.Listener, see func(*x509.Certificate)) (*wt.Session, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	at := l.Endpoints()[0]
	d := &wt.Dialer{
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // the hash is checked
			NextProtos:         []string{"h3"},
			VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
				leaf, err := x509.ParseCertificate(raw[0])
				if err != nil {
					return err
				}
				if see != nil {
					see(leaf)
				}
				return trust(at.Hashes, leaf)
			},
		},
		QUICConfig: &quic.Config{EnableDatagrams: true, EnableStreamResetPartialDelivery: true},
	}
	t.Cleanup(func() { _ = d.Close() })
	_, s, err := d.Dial(ctx, at.URL, nil)
	return s, err
}

// trust is what browsers ask of a certificate they know by hash (WebTransport
// §6.9).
func trust(hashes []string, leaf *x509.Certificate) error {
	sum := sha256.Sum256(leaf.Raw)
	switch {
	case !slices.Contains(hashes, base64.StdEncoding.EncodeToString(sum[:])):
		return errors.New("the hash was not published")
	case leaf.NotAfter.Sub(leaf.NotBefore) > 14*24*time.Hour:
		return errors.New("the certificate is valid for too long")
	case leaf.PublicKeyAlgorithm != x509.ECDSA:
		return errors.New("the key is not ECDSA")
	}
	return nil
}

func head(swarm [20]byte) []byte {
	return append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05"), swarm[:]...)
}

// echo sends back what comes, as receivers of one swarm.
func echo(swarm [20]byte) webtransport.Receiver {
	return func(s [20]byte, c net.Conn) bool {
		if s != swarm {
			return false
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
		return true
	}
}

func TestStreamsReachTheReceiverOfTheirSwarm(t *testing.T) {
	l := listen(t, webtransport.Options{})
	for i := range 2 {
		l.Receive(echo([20]byte{byte(i)}))
	}
	s, err := dial(t, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		stream, err := s.OpenStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.SetDeadline(time.Now().Add(patience))
		sent := append(head([20]byte{byte(i)}), bytes.Repeat([]byte{7}, 100_000)...)
		got := make([]byte, len(sent))
		go func() {
			for len(sent) > 0 { // in small parts, so that the head comes in many
				n := min(len(sent), 1+len(sent)/9)
				if _, err := stream.Write(sent[:n]); err != nil {
					return
				}
				sent = sent[n:]
			}
		}()
		_, err = io.ReadFull(stream, got)
		known := i < 2
		if known && (err != nil || !bytes.HasPrefix(got, head([20]byte{byte(i)}))) {
			t.Errorf("swarm %d: %v", i, err)
		}
		if !known && err == nil {
			t.Error("a stream of an unknown swarm was answered")
		}
	}
}

func TestStreamsOfOthersAreRefused(t *testing.T) {
	l := listen(t, webtransport.Options{HandshakeTime: 200 * time.Millisecond})
	l.Receive(func([20]byte, net.Conn) bool { t.Error("a receiver was asked"); return false })
	for name, sent := range map[string]string{
		"not BitTorrent": strings.Repeat("GET / HTTP/1.1\r\n", 10),
		"half a head":    "\x13BitTorrent protocol",
	} {
		s, err := dial(t, l, nil)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := s.OpenStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(stream, sent); err != nil {
			t.Fatal(err)
		}
		_ = stream.SetReadDeadline(time.Now().Add(patience))
		var reset *wt.StreamError
		if n, err := stream.Read(make([]byte, 1)); !errors.As(err, &reset) {
			t.Errorf("%s: %d octets, %v; want the stream reset", name, n, err)
		}
	}
}

func TestOneSourceGetsSoManyConnections(t *testing.T) {
	l := listen(t, webtransport.Options{MaxConnsPerSource: 2})
	l.Receive(echo([20]byte{}))
	var open []*wt.Session
	for range 2 {
		s, err := dial(t, l, nil)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	if s, err := dial(t, l, nil); err == nil {
		select {
		case <-s.Context().Done():
		case <-time.After(patience):
			t.Error("a third connection was served")
		}
	}
	_ = open[0].CloseWithError(0, "")
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if s, err := dial(t, l, nil); err == nil {
			stream, err := s.OpenStreamSync(t.Context())
			if err == nil {
				_, _ = stream.Write(head([20]byte{}))
				_ = stream.SetReadDeadline(time.Now().Add(patience))
				if _, err = io.ReadFull(stream, make([]byte, 48)); err == nil {
					return
				}
			}
		}
	}
	t.Error("a connection that ended still counts")
}

func TestStreamsOfASessionAreBounded(t *testing.T) {
	l := listen(t, webtransport.Options{MaxStreams: 3})
	l.Receive(echo([20]byte{}))
	s, err := dial(t, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := 0
	for range 6 {
		stream, err := s.OpenStream()
		if err != nil {
			break
		}
		_, _ = stream.Write(head([20]byte{}))
		_ = stream.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(stream, make([]byte, 48)); err == nil {
			answered++
		}
	}
	if answered != 3 {
		t.Errorf("%d of 6 streams were answered, not 3", answered)
	}
}

func TestSilentConnectionsEnd(t *testing.T) {
	l := listen(t, webtransport.Options{HandshakeTime: 300 * time.Millisecond, IdleTime: 300 * time.Millisecond})
	s, err := dial(t, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Context().Done(): // it opened no stream
	case <-time.After(patience):
		t.Error("a session without streams goes on")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := quic.DialAddr(ctx, l.Addr().String(), &tls.Config{
		InsecureSkipVerify: true, NextProtos: []string{"h3"}, //nolint:gosec // nothing is sent
	}, &quic.Config{EnableDatagrams: true})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Context().Done(): // it opened no session
	case <-ctx.Done():
		t.Error("a connection without a session goes on")
	}
}

// TestPublishedHashesStayGood lets weeks pass, with restarts in between: whoever
// knows an endpoint connects for a week from when it was published.
func TestPublishedHashesStayGood(t *testing.T) {
	store := &memory{m: map[string][]byte{}}
	now := time.Now()
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	type published struct {
		at     time.Time
		hashes []string
	}
	var all []published
	seen := map[string]bool{}
	start := now
	for day := 0; day < 40; day += 2 {
		mu.Lock()
		now = start.Add(time.Duration(day) * 24 * time.Hour)
		mu.Unlock()
		l := listen(t, webtransport.Options{Store: store, Now: clock})
		leaf := shown(t, l)
		all = append(all, published{clock(), l.Endpoints()[0].Hashes})
		seen[string(leaf.Raw)] = true
		if clock().Before(leaf.NotBefore.Add(12*time.Hour)) || clock().After(leaf.NotAfter.Add(-12*time.Hour)) {
			t.Errorf("day %d: a certificate of %v to %v is shown", day, leaf.NotBefore, leaf.NotAfter)
		}
		for _, p := range all {
			if err := trust(p.hashes, leaf); err != nil && clock().Sub(p.at) <= 8*24*time.Hour {
				t.Errorf("day %d: what was published %v ago: %v", day, clock().Sub(p.at), err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < 4 || len(seen) > 6 {
		t.Errorf("%d certificates in 40 days", len(seen))
	}
}

func TestDamagedCertificatesAreReplaced(t *testing.T) {
	for _, stored := range []string{"", "null", "[null]", `[{"der":"AAAA"}]`, "{"} {
		l := listen(t, webtransport.Options{Store: &memory{m: map[string][]byte{"certificates": []byte(stored)}}})
		_ = shown(t, l)
	}
}

func TestEndpoints(t *testing.T) {
	l := listen(t, webtransport.Options{Announce: []string{"kith.example", "[2001:db8::1]:443", "192.0.2.1"}})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	var urls []string
	for _, e := range l.Endpoints() {
		urls = append(urls, e.URL)
		if len(e.Hashes) != 2 || e.Hashes[0] == e.Hashes[1] {
			t.Errorf("hashes: %q", e.Hashes)
		}
	}
	want := []string{
		"https://kith.example:" + port + "/bittorrent", "https://[2001:db8::1]:443/bittorrent",
		"https://192.0.2.1:" + port + "/bittorrent",
	}
	if !slices.Equal(urls, want) {
		t.Errorf("endpoints %q, want %q", urls, want)
	}
	if e := l.EndpointFor("a.host.localhost"); e.URL != "https://a.host.localhost:"+port+"/bittorrent" || len(e.Hashes) != 2 {
		t.Errorf("EndpointFor: %+v", e)
	}
}
