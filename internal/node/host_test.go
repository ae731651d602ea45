package node_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host"
	"github.com/kith-web/kith/internal/node"
)

const hostDomain = "host.localhost"

// hosted is a node that hosts a folder on loopback.
type hosted struct {
	t      *testing.T
	n      *node.Node
	site   node.Hosted
	folder string
	client *http.Client
}

// hostFolder hosts a folder with two files and waits until it can be visited.
func hostFolder(t *testing.T, c node.Config) *hosted {
	t.Helper()
	h := &hosted{t: t, folder: filepath.Join(t.TempDir(), "my site")}
	check(t, os.MkdirAll(filepath.Join(h.folder, "sub"), 0o755))
	check(t, os.WriteFile(filepath.Join(h.folder, "index.html"), []byte("<!doctype html><title>T</title><h1>Hi</h1>"), 0o644))
	big := make([]byte, 700<<10)
	_, _ = rand.Read(big)
	check(t, os.WriteFile(filepath.Join(h.folder, "sub", "big file.bin"), big, 0o644))
	if c.Host.Domain == "" {
		c.Host.Domain = hostDomain
	}
	if c.Host.HTTP == "" {
		c.Host.HTTP = "127.0.0.1:0"
	}
	ready := make(chan node.Hosted, 8)
	h.n, _ = run(t, node.Options{Home: t.TempDir(), Config: c, Host: &node.Hosting{
		Sites: []string{h.folder}, Ready: func(s node.Hosted) { ready <- s },
	}})
	select {
	case h.site = <-ready:
	case <-time.After(time.Minute):
		t.Fatal("the folder is not served after a minute")
	}
	check(t, h.site.Err)
	h.client = h.clientTo(h.n.Public().HTTP, nil)
	return h
}

// clientTo finds every name at one address.
func (h *hosted) clientTo(at string, config *tls.Config) *http.Client {
	u, err := url.Parse(at)
	check(h.t, err)
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: config,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
		},
	}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (h *hosted) get(url string, headers ...string) (*http.Response, []byte) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, url, nil)
	check(h.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := h.client.Do(r)
	check(h.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(h.t, err)
	return res, body
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// info reads what a visitor's runtime is told.
func (h *hosted) info() (info host.Info) {
	h.t.Helper()
	res, body := h.get(h.site.URL + ".kith/site")
	if res.StatusCode != 200 {
		h.t.Fatalf(".kith/site: %d %s", res.StatusCode, body)
	}
	check(h.t, json.Unmarshal(body, &info))
	return info
}

func TestAHostedFolderIsReadAndVerified(t *testing.T) {
	h := hostFolder(t, offline(t))
	if !strings.HasPrefix(h.site.URL, "http://"+hostDomain+":") || len(h.site.Others) < 3 {
		t.Errorf("the only site is at %s, and %s", h.site.URL, h.site.Others)
	}
	if _, body := h.get(h.site.URL, "Sec-Fetch-Dest", "document", "Accept", "text/html"); !bytes.Contains(body, []byte("/.kith/loader.js")) {
		t.Errorf("a page without the loader: %s", body)
	}
	info := h.info()
	if info.Kind != "torrent" || info.Name != "my site" || info.Address != "wtp://"+info.Swarm {
		t.Errorf("described as %+v", info)
	}
	_, index := h.get(h.site.URL + strings.TrimPrefix(info.Index, "/"))
	if sum := sha1.Sum(index); hex.EncodeToString(sum[:]) != info.Swarm {
		t.Error("the index is not what the address says")
	}
	_, loader := h.get(h.site.URL + ".kith/loader.js")
	if len(loader) == 0 {
		t.Error("there is no loader")
	}
	// Nothing of the node's own is for the public.
	for _, path := range []string{"api/v1/status", ".kith/progress", "assets/console.js", ".kith/lp2p"} {
		if res, _ := h.get(h.site.URL + path); res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	for _, name := range []string{"localhost", "nope." + hostDomain, "127.0.0.1", "example.org"} {
		if res, _ := h.get("http://" + name + "/"); res.StatusCode < 400 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestTheBlocksOfHostedSitesAlone(t *testing.T) {
	h := hostFolder(t, offline(t))
	var root string
	for _, u := range h.site.Others {
		if label, _, _ := strings.Cut(strings.TrimPrefix(u, "http://"), "."); strings.HasPrefix(label, "k") && !strings.Contains(label, "-") {
			root = label
		}
	}
	c, err := cid.Decode(root)
	check(t, err)
	seen := map[cid.Cid]bool{}
	h.blocks(c, seen)
	if len(seen) < 4 { // two folders, a page, and a file of some blocks
		t.Errorf("%d blocks from the root on", len(seen))
	}
	res, car := h.get(h.site.URL+"ipfs/"+root+"?format=car", "Accept", "application/vnd.ipld.car")
	if res.StatusCode != 200 || len(car) < 700<<10 || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a CAR: %d, %d bytes, %v", res.StatusCode, len(car), res.Header)
	}
	res, _ = h.get(h.site.URL + "ipfs/" + root + "/sub/big%20file.bin")
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != h.site.URL+"sub/big%20file.bin" {
		t.Errorf("a browser is sent to %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	const empty = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354" // everybody has it
	for _, path := range []string{"ipfs/" + empty + "?format=raw", "ipfs/" + empty, "ipns/example.org?format=raw"} {
		if res, _ := h.get(h.site.URL + path); res.StatusCode != 404 {
			t.Errorf("%s, of no site: %d", path, res.StatusCode)
		}
	}
}

// blocks reads a block as a client of IPFS does, verifies it, and goes on with
// those that it links to.
func (h *hosted) blocks(c cid.Cid, seen map[cid.Cid]bool) {
	h.t.Helper()
	if seen[c] {
		return
	}
	seen[c] = true
	res, data := h.get(h.site.URL+"ipfs/"+c.String(), "Accept", "application/vnd.ipld.raw")
	if res.StatusCode != 200 {
		h.t.Fatalf("block %s: %d %s", c, res.StatusCode, data)
	}
	if again, err := c.Prefix().Sum(data); err != nil || !again.Equals(c) {
		h.t.Fatalf("block %s is %s, %v", c, again, err)
	}
	for at := range data { // every CID in it, wherever it stands
		if n, child, err := cid.CidFromBytes(data[at:]); c.Type() == cid.DagProtobuf && err == nil && n == 36 && child.Version() == 1 {
			h.blocks(child, seen)
		}
	}
}

func TestAria2DownloadsFromTheWebSeed(t *testing.T) {
	aria2, err := exec.LookPath("aria2c")
	if err != nil {
		loud.Skip(t, "aria2c is not installed; the web seed is not tried with another's client")
	}
	h := hostFolder(t, offline(t))
	_, index := h.get(h.site.URL + strings.TrimPrefix(h.info().Index, "/"))
	seed := h.site.URL + ".kith/seed/"
	into := t.TempDir()
	file := filepath.Join(into, "x.torrent")
	check(t, os.WriteFile(file, fmt.Appendf(nil, "d4:info%s8:url-list%d:%se", index, len(seed), seed), 0o644))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The proxy spares it to look up the name.
	c := exec.CommandContext(ctx, aria2, "--no-conf", "--dir", into, "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false",
		"--enable-peer-exchange=false", "--interface=127.0.0.1", "--listen-port=20000-40000", "--seed-time=0", "--summary-interval=0",
		"--disable-ipv6", "--async-dns=false", "--http-proxy="+h.n.Public().HTTP, file)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"index.html", filepath.Join("sub", "big file.bin")} {
		want, err := os.ReadFile(filepath.Join(h.folder, name))
		check(t, err)
		if got, err := os.ReadFile(filepath.Join(into, "my site", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
		}
	}
}

func TestAHostWithACertificate(t *testing.T) {
	c := offline(t)
	dir := t.TempDir()
	c.Host.Certificate, c.Host.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := x509.NewCertPool()
	pool.AddCert(writePair(t, c.Host.Certificate, c.Host.Key, hostDomain, "*."+hostDomain))
	c.Host.HTTPS = "127.0.0.1:0"
	h := hostFolder(t, c)
	if !strings.HasPrefix(h.site.URL, "https://"+hostDomain+":") {
		t.Fatalf("the site is at %s", h.site.URL)
	}
	res, _ := h.get("http://" + hostDomain + "/sub/?a=b")
	if want := h.site.URL + "sub/?a=b"; res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != want {
		t.Errorf("by HTTP: %d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
	}
	h.client = h.clientTo(h.n.Public().HTTPS, &tls.Config{RootCAs: pool})
	res, body := h.get(h.site.URL)
	if res.StatusCode != 200 || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("by HTTPS: %d %s %v %s", res.StatusCode, res.Proto, res.Header, body)
	}
	if info := h.info(); !strings.HasPrefix(info.Trackers[0], "wss://"+hostDomain+":") {
		t.Errorf("the tracker is %s", info.Trackers)
	}
}

// writePair makes a certificate for names.
func writePair(t *testing.T, certFile, keyFile string, names ...string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
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

func TestWhatAHostCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*node.HostConfig)
		sites  []string
		want   string
	}{
		"no domain":       {func(h *node.HostConfig) { h.Domain = "" }, []string{"example.org"}, "no domain"},
		"no site":         {func(*node.HostConfig) {}, nil, "no site"},
		"a part":          {func(*node.HostConfig) {}, []string{"wtp://e65a5eb3d0c1df7d3ae9a7a4dc8e1ed5a0e55b54/part"}, "not the address of a whole site"},
		"no certificate":  {func(h *node.HostConfig) { h.HTTPS = "127.0.0.1:0" }, []string{"example.org"}, "needs certificates"},
		"bad certificate": {func(h *node.HostConfig) { h.Certificate, h.Key = "/nope.pem", "/nope.key" }, []string{"example.org"}, "/nope.pem"},
		"no listener":     {func(h *node.HostConfig) { h.HTTP = host.Off }, []string{"example.org"}, "needs an address"},
	} {
		config := offline(t)
		config.Host.Domain, config.Host.HTTP = hostDomain, "127.0.0.1:0"
		if c.change(&config.Host); config.Host.Certificate != "" {
			config.Host.HTTPS = "127.0.0.1:0"
		}
		_, err := node.New(t.Context(), node.Options{Home: t.TempDir(), Config: config, Host: &node.Hosting{Sites: c.sites}})
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
