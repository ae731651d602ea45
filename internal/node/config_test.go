package node_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/node"
)

// home makes a home with the given config.toml and a clean environment.
func home(t *testing.T, config string) string {
	t.Helper()
	t.Setenv(node.EnvHome, "")
	t.Setenv(node.EnvListen, "")
	dir := t.TempDir()
	if config != "" {
		if err := os.WriteFile(filepath.Join(dir, node.ConfigName), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFlagsStandAboveEnvironmentAboveFileAboveDefault(t *testing.T) {
	dir := home(t, "")
	check := func(f node.Flags, want string) {
		t.Helper()
		f.Home = dir
		_, c, err := node.Load(f)
		if err != nil || c.Gateway.Listen != want {
			t.Errorf("listen = %q, %v; want %q", c.Gateway.Listen, err, want)
		}
	}
	check(node.Flags{}, "127.0.0.1:5484")
	if err := os.WriteFile(filepath.Join(dir, node.ConfigName), []byte("[gateway]\nlisten = '127.0.0.1:1'"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(node.Flags{}, "127.0.0.1:1")
	t.Setenv(node.EnvListen, "127.0.0.1:2")
	check(node.Flags{}, "127.0.0.1:2")
	check(node.Flags{Listen: "127.0.0.1:3"}, "127.0.0.1:3")
}

func TestTheHomeComesFromFlagThenEnvironment(t *testing.T) {
	home(t, "")
	if got, err := node.Home(""); err != nil || !filepath.IsAbs(got) || filepath.Base(got) != "kith" {
		t.Errorf("Home() = %q, %v", got, err)
	}
	t.Setenv(node.EnvHome, "/from/environment")
	if got, _ := node.Home(""); got != "/from/environment" {
		t.Errorf("Home() = %q", got)
	}
	if got, _ := node.Home("/from/flag"); got != "/from/flag" {
		t.Errorf("Home(flag) = %q", got)
	}
}

func TestValuesAreRead(t *testing.T) {
	c := node.Default()
	err := node.Decode(`
		[bittorrent]
		trackers = []
		upload_rate = "1.5 MiB"
		[ipfs]
		enabled = false
		listen = "127.0.0.1:0"
		dht = false
		[cache]
		size = "500MB"
		seed_for = "1h30m"`, &c)
	if err != nil {
		t.Fatal(err)
	}
	want := node.Default()
	want.BitTorrent.Trackers = node.List{}
	want.BitTorrent.UploadRate = 3 << 19
	want.IPFS.Enabled = false
	want.IPFS.Listen = node.List{"127.0.0.1:0"}
	want.IPFS.DHT = node.DHTOff
	want.Cache.Size = 500_000_000
	want.Cache.SeedFor = node.Duration(90 * time.Minute)
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestWrongConfigurationSaysWhatIsWrong(t *testing.T) {
	for config, want := range map[string]string{
		"[bittorrent]\ntrakers = []":           `"bittorrent.trakers"|did you mean bittorrent.trackers?`,
		"[cash]\nsize = '1GiB'":                `"cash|did you mean cache.size?`,
		"[gateway]\nzzzzzzzzzzzzzzzzzzzzz = 1": `zzzz|lists every key`,
		"listen = '127.0.0.1:1'":               `"listen"|`,
		"[cache]\nsize = 'much'":               `"much" is not a size|reference`,
		"[cache]\nsize = '-1'":                 `"-1" is not a size|`,
		"[cache]\nseed_for = 'long'":           `"long" is not a length of time|`,
		"[ipfs]\nenabled = 'yes'":              `line 2 (last key "ipfs.enabled")|`,
		"[ipfs":                                `line 1|`,
		"[gateway]\nlisten = '5484'":           `gateway.listen: "5484"|`,
		"[gateway]\nlisten = ':5484'":          `gateway.listen|`,
		"[gateway]\nlisten = 'a:b'":            `gateway.listen|`,
		"[bittorrent]\ntrackers = ['x']":       `bittorrent.trackers: "x"|`,
		"[bittorrent]\ndht_bootstrap = ['x']":  `bittorrent.dht_bootstrap: "x"|`,
		"[ipfs]\nbootstrap = ['1.2.3.4:1']":    `ipfs.bootstrap: "1.2.3.4:1"|`,
		"[ipfs]\ndht = 'x'":                    `not auto, server or off|`,
		"[ipfs]\nrouters = ['ftp://x']":        `ipfs.routers: "ftp://x"|`,
		"[dns]\ndoh = 'x'":                     `dns.doh: "x"|`,
		"[dns]\nserver = 'x'":                  `dns.server: "x"|`,
		"[webrtc]\nstun = ['x:1']":             `webrtc.stun: "x:1"|`,
		"[log]\nlevel = 'loud'":                `log.level: "loud"|`,
		"[log]\nformat = 'xml'":                `log.format: "xml"|`,
	} {
		message, hint, _ := strings.Cut(want, "|")
		_, _, err := node.Load(node.Flags{Home: home(t, config)})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), message) ||
			!strings.Contains(fault.Hint(err), hint) {
			t.Errorf("%q: %v (%s, hint %q); want %q", config, err, fault.KindOf(err), fault.Hint(err), want)
		}
	}
}

func TestAConfigurationThatWasAskedForMustExist(t *testing.T) {
	dir := home(t, "")
	_, _, err := node.Load(node.Flags{Home: dir, Config: filepath.Join(dir, "other.toml")})
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "other.toml") {
		t.Errorf("Load: %v", err)
	}
}

func TestTheReferenceIsTheDefaultAndDocumentsEveryKey(t *testing.T) {
	text := node.Reference()
	var c node.Config
	if err := node.Decode(text, &c); err != nil {
		t.Fatal(err)
	}
	if want := node.Default(); node.Show(c) != node.Show(want) {
		t.Errorf("read back:\n%s\nwant:\n%s", node.Show(c), node.Show(want))
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > 110 {
			t.Errorf("line %d has %d columns: %s", i+1, len(line), line)
		}
		if strings.Contains(line, " = ") && !strings.HasPrefix(line, "#") && !strings.HasSuffix(lines[i-1], ".") {
			t.Errorf("no comment above %q", line)
		}
	}
	if n := len(node.Keys()); n < 20 {
		t.Errorf("only %d keys", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(node.Reference())
	f.Add("[cache]\nsize = '1e400'")
	f.Add("[gateway]\nlisten = 1")
	f.Fuzz(func(t *testing.T, text string) {
		c := node.Default()
		if err := node.Decode(text, &c); err != nil {
			if fault.KindOf(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Errorf("%v: kind %s, hint %q", err, fault.KindOf(err), fault.Hint(err))
			}
			return
		}
		again := node.Default()
		if err := node.Decode(node.Show(c), &again); err != nil || node.Show(again) != node.Show(c) {
			t.Errorf("not the same when read back (%v):\n%s", err, node.Show(c))
		}
	})
}

func TestSecretsAreNotShown(t *testing.T) {
	c := node.Default()
	c.Mailbox.Token, c.Relay.Mailbox.Token = "tick", "tock"
	c.Relay.Mailbox.Engine = "postgres://relay:tack@db.example/relay"
	c.BitTorrent.Trackers = node.List{"https://me:tuck@tracker.example/announce", "udp://open.example:1"}
	shown := node.Show(c.Hidden())
	if !strings.Contains(shown, "@tracker.example") || !strings.Contains(shown, "udp://open.example:1") || !strings.Contains(c.BitTorrent.Trackers[0], "tuck") {
		t.Errorf("trackers are shown wrongly, or changed: %v\n%s", c.BitTorrent.Trackers, shown)
	}
	for _, secret := range []string{"tick", "tock", "tack", "tuck"} {
		if strings.Contains(shown, `"`+secret) || strings.Contains(shown, ":"+secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if !strings.Contains(shown, "db.example") || c.Mailbox.Token != "tick" {
		t.Error("more than secrets is hidden")
	}
}
