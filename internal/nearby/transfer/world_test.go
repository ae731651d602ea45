package transfer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"io/fs"
	"math"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/nearby/door"
	"github.com/kith-web/kith/internal/nearby/transfer"
)

// device is one side of a transfer.
type device struct {
	cert tls.Certificate
	fp   transfer.Fingerprint
	bulk *transfer.Bulk
}

func newDevice(t testing.TB) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, fp: door.Of(leaf)}
	opened, err := door.Listen(door.Options{Certificate: d.cert, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	d.bulk = transfer.NewBulk(opened, d.cert)
	return d
}

// pipeSession is a session whose streams are pipes.
type pipeSession struct {
	peer   transfer.Fingerprint
	mu     sync.Mutex
	open   []io.Closer
	accept chan io.ReadWriteCloser
	other  *pipeSession
	closed chan struct{}
	once   sync.Once
	valve  *valve // of the streams for bulk that are accepted; nil for none

	accepted int // by one goroutine
}

// valve lets some bytes through, and no more before it is opened.
type valve struct {
	mu     sync.Mutex
	left   int
	opened <-chan struct{}
}

// take waits until bytes may pass, and returns how many of n do.
func (v *valve) take(n int) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.left == 0 {
		<-v.opened
		v.left = math.MaxInt
	}
	n = min(n, v.left)
	v.left -= n
	return n
}

// throttled is a stream behind a valve.
type throttled struct {
	io.ReadWriteCloser
	valve *valve
}

func (s throttled) Read(p []byte) (int, error) {
	return s.ReadWriteCloser.Read(p[:s.valve.take(len(p))])
}

// sessions joins two devices.
func sessions(a, b *device) (*pipeSession, *pipeSession) {
	x := &pipeSession{peer: b.fp, accept: make(chan io.ReadWriteCloser, 4), closed: make(chan struct{})}
	y := &pipeSession{peer: a.fp, accept: make(chan io.ReadWriteCloser, 4), closed: make(chan struct{})}
	x.other, y.other = y, x
	return x, y
}

func (s *pipeSession) Peer() transfer.Fingerprint { return s.peer }
func (s *pipeSession) RemoteAddr() net.Addr {
	return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
}

func (s *pipeSession) Open(context.Context) (io.ReadWriteCloser, error) {
	a, b := net.Pipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, a, b)
	s.other.accept <- b
	return a, nil
}

func (s *pipeSession) Accept(ctx context.Context) (io.ReadWriteCloser, error) {
	select {
	case c := <-s.accept:
		s.accepted++
		if s.valve != nil && s.accepted > 1 { // the first is for control
			return throttled{c, s.valve}, nil
		}
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		return nil, net.ErrClosed
	case <-s.other.closed:
		return nil, net.ErrClosed
	}
}

func (s *pipeSession) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.open {
			_ = c.Close()
		}
	})
	return nil
}

// fill writes n bytes that look random, the same for the same seed.
func fill(t testing.TB, path string, n int64, seed uint64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	if _, err := io.CopyN(f, mathrand.NewChaCha8(key), n); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// tree lists what is below dir: contents by path, "/" for a folder.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		if d.IsDir() {
			out[filepath.ToSlash(rel)] = "/"
			return nil
		}
		data, err := os.ReadFile(name)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameTree(t testing.TB, want, got map[string]string) {
	t.Helper()
	for name, data := range want {
		if g, ok := got[name]; !ok || g != data {
			t.Errorf("%s: there is %v, with %d bytes; %d were sent", name, ok, len(g), len(data))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s arrived, and was not sent", name)
		}
	}
}

// outcome is how one side ended.
type outcome struct {
	result transfer.Result
	err    error
}

// receive takes the next offer of a session.
func receive(ctx context.Context, s transfer.Session, a transfer.AcceptOptions) <-chan outcome {
	out := make(chan outcome, 1)
	go func() {
		o, err := transfer.Receive(ctx, s, 0)
		if err != nil {
			out <- outcome{err: err}
			return
		}
		r, err := o.Accept(ctx, a)
		out <- outcome{r, err}
	}()
	return out
}

func scan(t testing.TB, paths ...string) *transfer.Source {
	t.Helper()
	s, err := transfer.Scan(t.Context(), paths, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
