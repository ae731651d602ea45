package turn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"

	"github.com/kith-web/kith/internal/relay/turn"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// selfSigned is a certificate for tests.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"turn.test"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// stream is a client that came by conn.
func stream(t *testing.T, s *turn.Server, conn net.Conn) *pion.Client {
	t.Helper()
	c := s.Credential()
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: conn.RemoteAddr().String(), TURNServerAddr: conn.RemoteAddr().String(), Conn: pion.NewSTUNConn(conn),
		Username: c.Username, Password: c.Password, Realm: "kith",
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestTCPAndTLSClientsAreCarried(t *testing.T) {
	plain, secure := listen(t), listen(t)
	pair := selfSigned(t)
	s := serve(t, func(o *turn.Options) {
		o.TCP, o.TLS = plain, tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{pair}})
	})
	byTCP, err := net.Dial("tcp4", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	byTLS, err := tls.Dial("tcp4", secure.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"TCP": byTCP, "TLS": byTLS} {
		relayed, err := stream(t, s, conn).Allocate()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		peer := packetConn(t)
		if _, err := relayed.WriteTo([]byte(name+" goes there"), peer.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		peer.SetReadDeadline(time.Now().Add(patience))
		n, from, err := peer.ReadFrom(buf)
		if err != nil || string(buf[:n]) != name+" goes there" {
			t.Fatalf("%s: the peer got %q, %v", name, buf[:n], err)
		}
		if _, err := peer.WriteTo([]byte("and back again"), from); err != nil {
			t.Fatal(err)
		}
		relayed.SetReadDeadline(time.Now().Add(patience))
		if n, _, err := relayed.ReadFrom(buf); err != nil || string(buf[:n]) != "and back again" {
			t.Errorf("%s: the client got %q, %v", name, buf[:n], err)
		}
	}
}

func TestStreamsAreCapped(t *testing.T) {
	l := listen(t)
	s := serve(t, func(o *turn.Options) { o.TCP, o.MaxStreamsPerAddress = l, 2 })
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	first := dial()
	dial()
	third := dial()
	third.SetReadDeadline(time.Now().Add(patience))
	if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("a third connection was let in: %v", err)
	}
	if m := s.Metrics(); m.Refused != 1 {
		t.Errorf("%d refused, want 1", m.Refused)
	}
	first.Close()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // the place is given back
		again := dial()
		again.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := again.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the place of a closed connection is not free")
		}
	}
}
