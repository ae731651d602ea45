package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

func TestStartIsQuickAndEndsCleanly(t *testing.T) {
	home := t.TempDir()
	n := harness.StartNode(t, harness.Options{Binary: binary, Home: home})
	n.End(t)
	begin := time.Now()
	n = n.Restart(t)
	if took := time.Since(begin); took > 3*time.Second { // the benchmark holds it to the goal
		t.Errorf("ready after %v", took)
	}
	n.End(t)
	if _, stderr, err := n.TryCLI(t, "status"); exitCode(err) != fault.ExitCode(fault.New(fault.NotRunning, "")) {
		t.Errorf("status without a node: %v: %s", err, stderr)
	}
}

func exitCode(err error) int {
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // as exec returns it
		return e.ExitCode()
	}
	return -1
}

func TestTwoNodesOnOneHome(t *testing.T) {
	n := start(t, nil)
	_, stderr, err := harness.TryRun(t, harness.Program{
		Path: binary, Args: []string{"up", "--home", n.Home, "--listen", "127.0.0.1:0"},
	})
	if exitCode(err) != fault.ExitCode(fault.New(fault.InUse, "")) || !strings.Contains(stderr, n.Home) {
		t.Errorf("%v: %s", err, stderr)
	}
	n.Status(t) // the first is unharmed
}

func TestThePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, l.Close()) }()
	_, stderr, err := harness.TryRun(t, harness.Program{
		Path: binary, Args: []string{"up", "--home", t.TempDir(), "--listen", l.Addr().String()},
	})
	if exitCode(err) != fault.ExitCode(fault.New(fault.InUse, "")) || !strings.Contains(stderr, l.Addr().String()) {
		t.Errorf("%v: %s", err, stderr)
	}
}

// TestRequestsOfStrangers tries what a hostile page, or a name that its owner
// points at 127.0.0.1, can send to the console's origin.
func TestRequestsOfStrangers(t *testing.T) {
	n := start(t, nil)
	pub := n.Publish(t, harness.Website().Write(t, "site"))
	token, err := os.ReadFile(filepath.Join(n.Home, "token"))
	must(t, err)
	bearer := "Bearer " + strings.TrimSpace(string(token))
	siteOrigin := strings.TrimSuffix(pub.URLs[0], "/")
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		want         []int
	}{
		"the owner":                     {"GET", "api/v1/status", []string{"Authorization", bearer}, []int{200}},
		"the console":                   {"GET", "api/v1/status", []string{"Authorization", bearer, "Origin", strings.TrimSuffix(n.Console, "/"), "Sec-Fetch-Site", "same-origin"}, []int{200}},
		"nobody":                        {"GET", "api/v1/status", nil, []int{401}},
		"a wrong token":                 {"GET", "api/v1/status", []string{"Authorization", "Bearer " + strings.Repeat("0", 64)}, []int{401}},
		"a page elsewhere":              {"GET", "api/v1/status", []string{"Authorization", bearer, "Origin", "https://evil.example"}, []int{403}},
		"a sandboxed page":              {"GET", "api/v1/status", []string{"Authorization", bearer, "Origin", "null"}, []int{403}},
		"a site of ours":                {"GET", "api/v1/status", []string{"Authorization", bearer, "Origin", siteOrigin, "Sec-Fetch-Site", "same-site"}, []int{403}},
		"a rebound name":                {"GET", "api/v1/status", []string{"Authorization", bearer, "Host", "evil.example:" + n.Port}, []int{403, 404, 421}},
		"a rebound name at the console": {"GET", "", []string{"Host", "evil.example:" + n.Port}, []int{403, 404, 421}},
		"the wrong port":                {"GET", "api/v1/status", []string{"Authorization", bearer, "Host", "localhost:1"}, []int{403, 404, 421}},
		"no host":                       {"GET", "api/v1/status", []string{"Authorization", bearer, "Host", " "}, []int{400, 403, 404, 421}},
		"publishing from elsewhere":     {"POST", "api/v1/publish", []string{"Origin", "https://evil.example", "Content-Type", "text/plain"}, []int{401, 403}},
		"a preflight":                   {"OPTIONS", "api/v1/publish", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, []int{401, 403, 404, 405}},
		"the console in a frame":        {"GET", "", []string{"Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "cross-site"}, []int{403}},
		"the console by fetch":          {"GET", "", []string{"Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, []int{403}},
		"metrics without the token":     {"GET", "metrics", nil, []int{401}},
		"profiles without the token":    {"GET", "debug/pprof/heap", nil, []int{401}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := n.Do(t, request(t, c.method, n.Console+c.path, c.headers...))
			if err != nil {
				if name == "no host" {
					return // refused by this side already
				}
				t.Fatal(err)
			}
			if !contains(c.want, got.Status) {
				t.Errorf("status %d, want one of %v: %.300s", got.Status, c.want, got.Body)
			}
			if bytes.Contains(got.Body, bytes.TrimSpace(token)) {
				t.Error("the answer carries the token")
			}
			if v := got.Header.Get("Access-Control-Allow-Origin"); v != "" {
				t.Errorf("Access-Control-Allow-Origin: %s", v)
			}
		})
	}
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

// TestHostsOfTheGateway tries names that must not show a site.
func TestHostsOfTheGateway(t *testing.T) {
	n := start(t, nil)
	pub := n.Publish(t, harness.Website().Write(t, "site"))
	label := strings.TrimSuffix(strings.TrimPrefix(pub.URLs[0], "http://"), ".localhost:"+n.Port+"/")
	for host, shown := range map[string]bool{
		label + ".localhost:" + n.Port:             true,
		label + ".LOCALHOST:" + n.Port:             true,
		label + ".evil.example:" + n.Port:          false,
		label + ".localhost.evil.example":          false,
		"x." + label + ".localhost:" + n.Port:      false,
		"wtp-0000.localhost:" + n.Port:             false,
		"..localhost:" + n.Port:                    false,
		strings.Repeat("a", 300) + ".localhost":    false,
		label + ".localhost:" + n.Port + "@x":      false,
		"evil.example:" + n.Port:                   false,
		"169.254.169.254":                          false,
		"[::1]:" + n.Port + "." + label + ".local": false,
	} {
		got, err := n.Do(t, request(t, "GET", "http://localhost:"+n.Port+"/app.js", "Host", host))
		if ok := err == nil && got.Status == http.StatusOK; ok != shown {
			t.Errorf("Host %.80q: status %d, %v; shown should be %v", host, got.Status, err, shown)
		}
	}
}

// TestHostileTorrents posts index files that try to do harm.
func TestHostileTorrents(t *testing.T) {
	n := start(t, harness.Config{"bittorrent.max_files": 1000, "bittorrent.max_size": 1 << 30})
	piece := strings.Repeat("x", 20)
	info := func(body string) string { return "d4:info" + body + "e" }
	file := func(path ...string) string {
		var b strings.Builder
		for _, p := range path {
			fmt.Fprintf(&b, "%d:%s", len(p), p)
		}
		return "d6:lengthi5e4:pathl" + b.String() + "ee"
	}
	folder := func(files string) string {
		return info("d5:filesl" + files + "e4:name4:site12:piece lengthi16384e6:pieces20:" + piece + "e")
	}
	many := strings.Repeat(file("a"), 1001)
	for name, data := range map[string]string{
		"nothing":             "",
		"not bencode":         "<html>",
		"cut off":             folder(file("a"))[:40],
		"endless nesting":     strings.Repeat("l", 1<<20),
		"a huge string":       "d4:info99999999999999:x",
		"a negative length":   info("d6:lengthi-5e4:name1:a12:piece lengthi16384e6:pieces20:" + piece + "e"),
		"an absurd size":      info("d6:lengthi9223372036854775807e4:name1:a12:piece lengthi16384e6:pieces20:" + piece + "e"),
		"no pieces":           info("d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces0:e"),
		"odd pieces":          info("d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces7:xxxxxxxe"),
		"piece length 0":      info("d6:lengthi5e4:name1:a12:piece lengthi0e6:pieces20:" + piece + "e"),
		"a path that climbs":  folder(file("..", "..", "etc", "passwd")),
		"a slash in a name":   folder(file("../../etc/passwd")),
		"an empty name":       folder(file("")),
		"an absolute path":    folder(file("/etc/passwd")),
		"a NUL":               folder(file("a\x00b")),
		"the same path twice": folder(file("a") + file("a")),
		"a file in a file":    folder(file("a") + file("a", "b")),
		"too many files":      folder(many),
		"too large":           strings.Repeat("x", 40<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := n.Client.ImportTorrent(t.Context(), strings.NewReader(data))
			switch k := fault.KindOf(err); k {
			case fault.Invalid, fault.Corrupt, fault.TooLarge:
			default:
				t.Errorf("%v of kind %q", err, k)
			}
		})
	}
	if s := n.Status(t); s.Sites != 0 {
		t.Errorf("%d sites are known after only bad ones", s.Sites)
	}
}

// TestNamesThatLeadNowhere tries rubbish and circles in the DNS.
func TestNamesThatLeadNowhere(t *testing.T) {
	names := harness.StartDNS(t)
	names.Set("_dnslink.a.example", "dnslink=/ipns/b.example")
	names.Set("_dnslink.b.example", "dnslink=/ipns/a.example")
	names.Set("_dnslink.rubbish.example", "dnslink=", "dnslink=/ipfs/", "\xff\x00", "dnslink=/ipfs/../../x", strings.Repeat("x", 255))
	names.Set("rubbish.example", "wtpkey=", "wtpkey=zz", "WTPKEY='")
	names.Set("_dnslink.self.example", "dnslink=/ipns/self.example")
	n := start(t, harness.Config{"dns.server": names.Addr, "gateway.timeout": "5s"})
	for _, name := range []string{"a.example", "rubbish.example", "self.example", "missing.example"} {
		begin := time.Now()
		got, err := n.TryGet(t, short(t, 20*time.Second), name, "/")
		if err != nil || got.Status < 400 || time.Since(begin) > 10*time.Second {
			t.Errorf("%s: %d, %v after %v", name, got.Status, err, time.Since(begin))
		}
	}
}

// TestRedirectsInCircles has a site redirect to itself: the node says so, at once.
func TestRedirectsInCircles(t *testing.T) {
	n := start(t, nil)
	pub := n.Publish(t, harness.Tree{
		"index.html": []byte("x"), "_redirects": []byte("/a /b 301\n/b /a 301\n/c /c 200\n/d/* /d/:splat 200\n"),
	}.Write(t, "site"))
	for _, at := range []string{pub.IPFS, pub.WTP} {
		for _, path := range []string{"/a", "/c", "/d/e"} {
			r := request(t, "GET", n.URL(t, at, path))
			resp, err := n.Client.HTTP().Transport.RoundTrip(r)
			must(t, err)
			body, err := io.ReadAll(resp.Body)
			must(t, err)
			must(t, resp.Body.Close())
			if resp.StatusCode < 400 {
				t.Errorf("%s of %s: %s: %.300s", path, at, resp.Status, body)
			}
		}
	}
}

func TestKilledWhilePublishing(t *testing.T) {
	tree := harness.Website()
	kept := tree.Write(t, "kept")
	big := filepath.Join(t.TempDir(), "big")
	must(t, os.Mkdir(big, 0o755))
	f, err := os.Create(filepath.Join(big, "big.bin"))
	must(t, err)
	must(t, f.Truncate(3<<30))
	must(t, f.Close())
	n := start(t, nil)
	pub := n.Publish(t, kept, "--name", "kept")
	publishing := harness.Start(t, harness.Program{Path: binary, Args: []string{"publish", big, "--json", "--home", n.Home}})
	eventually(t, func() error { // until it reads
		if u, err := harness.UsageOf(n.PID()); err != nil || u.CPU < 500*time.Millisecond {
			return fmt.Errorf("%v of CPU used, %v", u.CPU, err)
		}
		return nil
	})
	n.Kill()
	if err := publishing.Wait(short(t, 20*time.Second)); err == nil {
		t.Fatal("publishing ended before the node was killed: the test tries nothing")
	}
	n = n.Restart(t)
	for _, at := range []string{pub.IPFS, pub.WTP, pub.IPNS, pub.WTPKey} {
		tree.CheckSite(t, n, at)
	}
	list, err := n.Client.Publications(t.Context())
	must(t, err)
	if len(list.Publications) != 1 || list.Publications[0].IPFS != pub.IPFS {
		t.Errorf("%+v", list)
	}
	again := n.Publish(t, kept)
	if again.IPFS != pub.IPFS || again.IPNS != pub.IPNS || again.Reused == 0 {
		t.Errorf("%+v, was %+v", again, pub)
	}
}

func TestKilledWhileDownloading(t *testing.T) {
	tree := harness.Tree{"index.html": []byte("x"), "big.bin": harness.Bytes(7, 64<<20)}
	a := start(t, nil)
	pub := a.Publish(t, tree.Write(t, "site"))
	for _, at := range []string{pub.IPFS, pub.WTP} {
		b := start(t, harness.Config{"ipfs.bootstrap": a.Multiaddrs(t)})
		magnet := harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1"))
		if at == pub.WTP {
			b.Open(t, magnet)
		}
		b.CLI(t, "pin", at)
		for range 3 { // killed three times on the way
			stored := knownSite(t, b, at).Stats.Stored
			eventually(t, func() error {
				if s := knownSite(t, b, at).Stats; s.Stored < min(stored+1, s.Total) || s.Total == 0 {
					return fmt.Errorf("%d of %d bytes", s.Stored, s.Total)
				}
				return nil
			})
			b.Kill()
			b = b.Restart(t)
			if at == pub.WTP {
				b.Open(t, magnet) // hints are no part of what is remembered
			}
		}
		eventually(t, complete(t, b, at))
		b.Kill()
		b = b.Restart(t)
		a.Kill()
		tree.CheckSite(t, b, at)
		a = a.Restart(t)
	}
}

func TestTheDiskIsFull(t *testing.T) {
	tree := harness.Tree{"index.html": []byte("x"), "big.bin": harness.Bytes(8, 40<<20)}
	a := start(t, nil)
	pub := a.Publish(t, tree.Write(t, "site"))
	kept := harness.Website()
	home := filepath.Join(harness.SmallDisk(t, "24m"), "home")
	must(t, os.Mkdir(home, 0o700))
	b := harness.StartNode(t, harness.Options{Binary: binary, Home: home, Config: harness.Config{
		"ipfs.bootstrap": a.Multiaddrs(t), "gateway.timeout": "5s",
	}})
	mine := b.Publish(t, kept.Write(t, "kept"))
	b.Open(t, harness.WithPeers(pub.Magnet, a.TorrentPeer(t, "127.0.0.1")))
	for _, at := range []string{pub.IPFS, pub.WTP} {
		got, err := b.TryGet(t, short(t, 12*time.Second), at, "/big.bin")
		if err == nil && got.Status == http.StatusOK && !bytes.Equal(got.Body, tree["big.bin"]) {
			t.Errorf("%s: %d wrong bytes with status 200", at, len(got.Body))
		}
		parsed, err := address.Parse(at)
		must(t, err)
		must(t, b.Client.Remove(t.Context(), parsed.Root()))
	}
	b.End(t)
	b = b.Restart(t)
	for _, at := range []string{mine.IPFS, mine.WTP} {
		kept.CheckSite(t, b, at)
	}
}

func TestPublishingToAFullDisk(t *testing.T) {
	tree := harness.Small(500)
	folder := tree.Write(t, "site")
	disk := harness.SmallDisk(t, "8m")
	home := filepath.Join(disk, "home")
	must(t, os.Mkdir(home, 0o700))
	n := harness.StartNode(t, harness.Options{Binary: binary, Home: home})
	kept := harness.Website()
	first := n.Publish(t, kept.Write(t, "kept"))
	filler, err := os.Create(filepath.Join(disk, "filler"))
	must(t, err)
	for block := make([]byte, 4096); err == nil; {
		_, err = filler.Write(block)
	}
	must(t, filler.Close())
	_, stderr, err := n.TryCLI(t, "publish", folder)
	if exitCode(err) != fault.ExitCode(fault.New(fault.NoSpace, "")) {
		t.Errorf("%v: %s", err, stderr)
	}
	kept.CheckSite(t, n, first.IPFS)
	must(t, os.Remove(filler.Name()))
	pub := n.Publish(t, folder)
	if got := n.Get(t, pub.IPFS, "/000/file-0007.bin"); !bytes.Equal(got, tree["000/file-0007.bin"]) {
		t.Errorf("%d bytes", len(got))
	}
	kept.CheckSite(t, n, first.WTP)
}

// TestStreamingHasFlatMemory reads 2 GiB through the gateway.
func TestStreamingHasFlatMemory(t *testing.T) {
	const size, most = 2 << 30, 96 << 20
	folder := filepath.Join(t.TempDir(), "film")
	must(t, os.Mkdir(folder, 0o755))
	f, err := os.Create(filepath.Join(folder, "film.mp4"))
	must(t, err)
	must(t, f.Truncate(size))
	_, err = f.WriteAt(harness.Bytes(9, 4<<20), size/2)
	must(t, err)
	must(t, f.Close())
	n := start(t, nil)
	pub := n.Publish(t, folder)
	for _, at := range []string{pub.IPFS, pub.WTP} {
		before, err := harness.UsageOf(n.PID())
		must(t, err)
		resp, err := n.Client.HTTP().Do(request(t, "GET", n.URL(t, at, "/film.mp4")))
		must(t, err)
		got, err := io.Copy(io.Discard, resp.Body)
		must(t, err)
		must(t, resp.Body.Close())
		after, err := harness.UsageOf(n.PID())
		must(t, err)
		if grown := after.Peak - before.RSS; got != size || grown > most {
			t.Errorf("%s: %d bytes; memory grew by %d MiB, at most %d", at, got, grown>>20, most>>20)
		}
	}
}

// TestJSONOfEveryList holds lists to the form that scripts rely on.
func TestJSONOfEveryList(t *testing.T) {
	n := start(t, nil)
	n.Publish(t, harness.Website().Write(t, "site"))
	var list map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(n.CLI(t, "sites", "--json")), &list))
	var rows []struct{ Name string }
	must(t, json.Unmarshal(list["sites"], &rows))
	if len(list) != 1 || len(rows) != 2 || rows[0].Name != "site" {
		t.Errorf("%v, %+v", list, rows)
	}
}
