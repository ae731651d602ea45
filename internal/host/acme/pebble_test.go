package acme_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kith-web/kith/e2e/loud"
)

// pebble is a certificate authority for tests, Let's Encrypt's own, which asks
// names of a DNS server that leads them all here.
type pebble struct {
	directory string
	roots     *x509.CertPool // of its own server
	issued    *x509.CertPool // of what it issues
	kill      func()
}

// newPebble starts the program that KITH_PEBBLE names, which will ask its
// questions at two ports of this computer.
func newPebble(t *testing.T, httpPort, tlsPort int) *pebble {
	t.Helper()
	program := os.Getenv("KITH_PEBBLE")
	if program == "" {
		loud.Skip(t, "no certificate authority to try with; KITH_PEBBLE names a pebble binary "+
			"(go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1)")
	}
	dir := t.TempDir()
	p := &pebble{roots: x509.NewCertPool()}
	own := selfSigned(t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	p.roots.AddCert(own)
	listen, manage := freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": "127.0.0.1:" + listen, "managementListenAddress": "127.0.0.1:" + manage,
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort,
	}})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600))
	cmd := exec.Command(program, "-config", filepath.Join(dir, "config.json"), "-dnsserver", nameServer(t), "-strict")
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	if testing.Verbose() {
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	}
	check(t, cmd.Start())
	done := false
	p.kill = func() {
		if !done {
			done = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(p.kill)
	p.directory = "https://127.0.0.1:" + listen + "/dir"
	p.issued = x509.NewCertPool()
	if !p.issued.AppendCertsFromPEM(p.await(t, "https://127.0.0.1:"+manage+"/roots/0")) {
		t.Fatal("pebble has no root")
	}
	return p
}

// await asks for a page until the program answers.
func (p *pebble) await(t *testing.T, url string) []byte {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for late := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		res, err := client.Get(url)
		if err != nil {
			if time.Now().After(late) {
				t.Fatal(err)
			}
			continue
		}
		body, err := io.ReadAll(res.Body)
		check(t, err)
		_ = res.Body.Close()
		return body
	}
}

// nameServer leads every name to 127.0.0.1.
func nameServer(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0") // by which pebble asks
	check(t, err)
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return l.Addr().String()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t *testing.T, certFile, keyFile string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pebble"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	check(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return cert
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
