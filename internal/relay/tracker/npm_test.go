package tracker_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/relay/tracker"
)

// npmClient announces a leecher by all three ways and then scrapes, printing
// what it is told. With it is a peer that WebSockets alone know.
const npmClient = `
import { pathToFileURL } from 'url'
const { default: Client } = await import(pathToFileURL(process.cwd() + '/node_modules/bittorrent-tracker/client.js'))
const Make = Client.default ?? Client
const make = (url, port) => new Make({
  infoHash: '00ff12345678' + 'ab'.repeat(14), peerId: Buffer.from('-XX0000-' + String(port).padStart(12, '0')),
  announce: [url], port, wrtc: {}
})
const once = (c, event) => new Promise((ok, fail) => { c.once(event, ok); c.once('error', fail); c.on('warning', fail) })
for (const [i, url] of process.argv.slice(2).entries()) {
  const c = make(url, 7001 + i)
  let done = once(c, 'update')
  c.start({ left: 10, numwant: 0 })
  let u = await done
  console.log('announce', u.complete, u.incomplete)
  done = once(c, 'scrape')
  c.scrape()
  u = await done
  console.log('scrape', u.complete, u.incomplete)
}
process.exit(0)
`

// TestNPMClient lets the client that WebTorrent uses talk to the tracker, where
// it is installed with the programs of others.
func TestNPMClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		loud.Skip(t, "Node.js is not installed: the tracker is not tried with WebTorrent's client")
	}
	dir := ""
	for _, d := range []string{os.Getenv("KITH_TEST_NODE_DIR"), "../../../e2e/peers"} {
		if _, err := os.Stat(filepath.Join(d, "node_modules", "bittorrent-tracker")); d != "" && err == nil {
			dir = d
			break
		}
	}
	if dir == "" {
		loud.Skip(t, "npm's bittorrent-tracker is not installed: the tracker is not tried with WebTorrent's client")
	}
	r := run(t, tracker.Options{})
	script := filepath.Join(t.TempDir(), "client.mjs")
	writeFile(t, script, []byte(npmClient))
	cmd := exec.CommandContext(t.Context(), node, script, "http://"+r.tcp+"/announce", "udp://"+r.udp, "ws://"+r.tcp)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	want := strings.Repeat("announce 0 N\nscrape 0 N\n", 3)
	for _, n := range []string{"1", "1", "2", "2", "3", "3"} {
		want = strings.Replace(want, "N", n, 1)
	}
	if err != nil || string(out) != want {
		t.Errorf("%v\n got %s\nwant %s", err, out, want)
	}
}
