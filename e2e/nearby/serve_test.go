package nearby

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
	kith "github.com/kith-web/kith/internal/nearby"
)

// node starts a node on the device, with nearby on and everything else off but
// what more says.
func (d *device) node(more ...harness.Config) *harness.Node {
	d.t.Helper()
	c := harness.Config{
		"nearby.enabled": true, "nearby.name": d.name, "bittorrent.enabled": false, "ipfs.enabled": false,
	}
	for _, m := range more {
		maps.Copy(c, m)
	}
	return harness.StartNode(d.t, harness.Options{Binary: binary, Home: d.home, Namespace: d.Namespace, Config: c})
}

// curl asks the device's node as a script there does, and returns the status and
// everything that was said.
func (d *device) curl(host, port, path string, more ...string) string {
	d.t.Helper()
	args := append([]string{
		"netns", "exec", d.Namespace, "curl", "-s", "-i", "-m", "30", "-H", "Host: " + host + ":" + port,
		"http://127.0.0.1:" + port + path,
	}, more...)
	out, err := exec.Command("ip", args...).Output()
	if err != nil && len(out) == 0 {
		d.t.Fatalf("curl %s%s: %v", host, path, err)
	}
	return string(out)
}

func want(t testing.TB, what, got string, all ...string) {
	t.Helper()
	for _, s := range all {
		if !strings.Contains(got, s) {
			t.Errorf("%s: %q is not in\n%.800s", what, s, got)
		}
	}
}

// serveWeb is a program on the device with a web server: it tells what it was
// asked, and turns into an echo for those who upgrade.
func (d *device) serveWeb() {
	d.listen("127.0.0.1:8123", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			_, _ = fmt.Fprintf(w, "%s %s host=%s origin=%s", r.Method, r.URL.Path, r.Host, r.Header.Get("Origin"))
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nthrough")
		_ = rw.Flush()
	}))
}

func TestAPairedDeviceOpensWhatIsServed(t *testing.T) {
	r := newRoom(t)
	harness.Need(t, "curl")
	nas, bob, eve := r.join("nas"), r.join("bob"), r.join("eve")
	pair(t, bob, nas)
	nas.node()
	port, evePort := bob.node().Port, eve.node().Port
	photos := t.TempDir()
	if err := os.WriteFile(filepath.Join(photos, "one.txt"), []byte("a photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(photos, "out")); err != nil {
		t.Fatal(err)
	}
	nas.serveWeb()
	harness.Run(t, nas.program("serve", photos, "--keep"))
	harness.Run(t, nas.program("serve", "http://127.0.0.1:8123", "--name", "home", "--keep"))
	var st kith.State
	if err := json.Unmarshal([]byte(harness.Run(t, nas.program("--json"))), &st); err != nil {
		t.Fatal(err)
	}
	host := "nearby-" + st.ID + ".localhost"
	home := "nearby-" + st.ID + "home.localhost"

	want(t, "a file", bob.curl(host, port, "/one.txt"), "200 OK", "a photo", "Cross-Origin-Resource-Policy: same-origin")
	want(t, "the listing", bob.curl(host, port, "/"), "200 OK", "one.txt")
	if got := bob.curl(host, port, "/out"); strings.Contains(got, "200 OK") {
		t.Errorf("a link out of the folder was followed:\n%s", got)
	}
	want(t, "writing to a folder", bob.curl(host, port, "/one.txt", "-X", "PUT", "-d", "x"), "405")
	want(t, "the web server", bob.curl(home, port, "/x", "-X", "POST", "-d", "y", "-H", "Origin: http://"+home+":"+port),
		"200 OK", "POST /x host=127.0.0.1:8123 origin=http://127.0.0.1:8123")
	want(t, "an upgrade", bob.curl(home, port, "/ws", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket"),
		"101 Switching Protocols", "through")
	want(t, "another page", bob.curl(home, port, "/x", "-X", "POST", "-H", "Origin: http://evil.example"), "403")
	want(t, "a foreign image", bob.curl(home, port, "/x", "-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: no-cors"), "403")
	want(t, "nothing by this name", bob.curl("nearby-"+st.ID+"other.localhost", port, "/"), "404")
	want(t, "a device that is not paired", eve.curl(host, evePort, "/one.txt"), "404", "no device is paired")

	// Forgotten, it gets nothing any more.
	harness.Run(t, nas.program("forget", "bob"))
	if got := bob.curl(host, port, "/one.txt"); strings.Contains(got, "a photo") {
		t.Errorf("a forgotten device is still served:\n%s", got)
	}
}
