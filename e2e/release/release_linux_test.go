package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const (
	version = "0.0.1-test.1"
	commit  = "0123456789abcdef0123456789abcdef01234567"
	date    = "2026-01-02T03:04:05Z"
	epoch   = "1767323045" // date

	readyTime = 60 * time.Second
	endTime   = 30 * time.Second
	buildTime = 15 * time.Minute
)

// made is a release for this computer.
type made struct{ dir string }

func (m made) path(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(m.dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d files are called %s, want one (%v)", len(found), pattern, err)
	}
	return found[0]
}

// TestARelease makes one, and everything else looks at it.
func TestARelease(t *testing.T) {
	t.Parallel()
	harness.Need(t, "git")
	trees := []string{t.TempDir(), filepath.Join(t.TempDir(), "a folder", "elsewhere")}
	outs := []made{{t.TempDir()}, {t.TempDir()}}
	copyTree(t, trees[0])
	must(t, os.CopyFS(trees[1], os.DirFS(trees[0])))
	for i := range trees {
		cache := ""
		if i == 1 && os.Getenv("KITH_REPRODUCE") != "" {
			cache = t.TempDir()
		}
		release(t, trees[i], outs[i].dir, cache)
	}
	t.Run("the same bytes from another folder", func(t *testing.T) { sameFiles(t, outs[0].dir, outs[1].dir) })
	t.Run("checksums", func(t *testing.T) { checkSums(t, outs[0]) })
	t.Run("archive", func(t *testing.T) { checkArchive(t, outs[0]) })
	t.Run("deb", func(t *testing.T) { checkDeb(t, outs[0]) })
	t.Run("rpm", func(t *testing.T) { checkRPM(t, outs[0]) })
	t.Run("image", func(t *testing.T) { checkImage(t, outs[0]) })
	t.Run("list of parts", func(t *testing.T) { checkParts(t, outs[0]) })
	t.Run("formula", func(t *testing.T) { checkFormula(t, outs[0]) })
}

// copyTree copies what belongs to the source, and is needed for a release.
func copyTree(t *testing.T, to string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--",
		".", ":!e2e", ":!docs/images")
	list.Dir = harness.Root()
	out, err := list.Output()
	if err != nil {
		harness.Skip(t, "this tree is no checkout: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(harness.Root(), name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		must(t, err)
		path := filepath.Join(to, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, data, 0o644))
	}
}

func release(t *testing.T, tree, out, cache string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildTime)
	defer cancel()
	c := exec.CommandContext(ctx, "go", "run", "-C", filepath.Join(harness.Root(), "tools"), "./release",
		"-root", tree, "-version", version, "-commit", commit, "-only", "linux/"+runtime.GOARCH, "-level", "1", "-out", out)
	c.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+epoch)
	if cache != "" {
		c.Env = append(c.Env, "GOCACHE="+cache)
	}
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("release: %v\n%s", err, text)
	}
}

func sameFiles(t *testing.T, a, b string) {
	for _, dir := range []string{a, b} {
		entries, err := os.ReadDir(dir)
		must(t, err)
		if len(entries) != 7 {
			t.Errorf("%d files are made, want 7: %v", len(entries), entries)
		}
		for _, e := range entries {
			one, err := os.ReadFile(filepath.Join(a, e.Name()))
			must(t, err)
			other, err := os.ReadFile(filepath.Join(b, e.Name()))
			must(t, err)
			if !bytes.Equal(one, other) {
				t.Errorf("%s is another one from another folder", e.Name())
			}
		}
	}
}

func checkSums(t *testing.T, m made) {
	text, err := os.ReadFile(m.path(t, "SHA256SUMS"))
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 6 {
		t.Errorf("%d checksums, want 6", len(lines))
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		data, err := os.ReadFile(filepath.Join(m.dir, name))
		must(t, err)
		if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != want {
			t.Errorf("%s has the checksum %x, not %s", name, got, want)
		}
	}
}

// sayVersion runs a program, which must be the one of this release.
func sayVersion(t *testing.T, kith string) {
	t.Helper()
	var said map[string]string
	must(t, json.Unmarshal([]byte(harness.Run(t, harness.Program{Path: kith, Args: []string{"version", "--json"}})), &said))
	want := map[string]string{
		"version": version, "commit": commit, "date": date, "go": runtime.Version(), "os": "linux", "arch": runtime.GOARCH,
	}
	if fmt.Sprint(said) != fmt.Sprint(want) {
		t.Errorf("kith version says %v, want %v", said, want)
	}
}

func checkArchive(t *testing.T, m made) {
	dir := t.TempDir()
	name := "kith_" + version + "_linux_" + runtime.GOARCH
	harness.Run(t, harness.Program{Path: "tar", Args: []string{"-xzf", m.path(t, name+".tar.gz"), "-C", dir}})
	dir = filepath.Join(dir, name)
	sayVersion(t, filepath.Join(dir, "kith"))
	needFiles(t, dir, "README.md", "LICENSE", "THIRD-PARTY.txt", "share/man/man1/kith-relay.1", "share/man/man5/kith-config.5",
		"share/man/man7/kith-addresses.7", "share/bash-completion/completions/kith", "share/zsh/site-functions/_kith",
		"share/fish/vendor_completions.d/kith.fish", "share/powershell/kith.ps1")
	page, err := os.ReadFile(filepath.Join(dir, "share/man/man1/kith.1"))
	must(t, err)
	if !strings.HasPrefix(string(page), `.TH "KITH" 1 "2026-01-02" "kith `+version+`"`) {
		t.Errorf("the manual begins with %.80q", page)
	}
	notices, err := os.ReadFile(filepath.Join(dir, "THIRD-PARTY.txt"))
	must(t, err)
	for _, part := range []string{"github.com/anacrolix/torrent", "@noble/hashes", "==== std "} {
		if !strings.Contains(string(notices), part) {
			t.Errorf("THIRD-PARTY.txt does not name %s", part)
		}
	}
}

func checkDeb(t *testing.T, m made) {
	harness.Need(t, "dpkg-deb")
	deb, dir := m.path(t, "*.deb"), t.TempDir()
	info := harness.Run(t, harness.Program{Path: "dpkg-deb", Args: []string{"--info", deb}})
	for _, want := range []string{"Package: kith", "Version: 0.0.1~test.1", "Architecture: " + runtime.GOARCH, "conffiles", "postinst"} {
		if !strings.Contains(info, want) {
			t.Errorf("dpkg-deb --info does not say %q:\n%s", want, info)
		}
	}
	configs := harness.Run(t, harness.Program{Path: "dpkg-deb", Args: []string{"--info", deb, "conffiles"}})
	if configs != "/etc/default/kith-host\n/etc/kith/host.toml\n/etc/kith/relay.toml\n" {
		t.Errorf("conffiles are %q", configs)
	}
	harness.Run(t, harness.Program{Path: "dpkg-deb", Args: []string{"-x", deb, dir}})
	sayVersion(t, filepath.Join(dir, "usr/bin/kith"))
	needFiles(t, dir, "usr/share/man/man1/kith-relay.1.gz", "usr/share/bash-completion/completions/kith",
		"usr/share/zsh/vendor-completions/_kith", "usr/share/doc/kith/copyright")
	checkUnits(t, dir)
	runUnit(t, dir, "kith-relay", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	t.Run("host", func(t *testing.T) {
		configure(t, filepath.Join(dir, "etc/kith/host.toml"))
		site := t.TempDir()
		must(t, os.WriteFile(filepath.Join(site, "index.html"), []byte("<title>Packaged</title>"), 0o644))
		runUnit(t, dir, "kith-host", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "@="+site)
	})
	if os.Getuid() != 0 {
		harness.Skip(t, "only root may try dpkg -i")
	}
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "var/lib/dpkg/info"), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "var/lib/dpkg/updates"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644))
	for _, args := range [][]string{{"-i", deb}, {"-P", "kith"}} {
		harness.Run(t, harness.Program{Path: "dpkg", Args: append([]string{
			"--root=" + root, "--force-script-chrootless", "--log=" + filepath.Join(root, "log"),
		}, args...)})
		_, err := os.Stat(filepath.Join(root, "usr/bin/kith"))
		if installed := err == nil; installed != (args[0] == "-i") {
			t.Errorf("after dpkg %s, usr/bin/kith: %v", args[0], err)
		}
	}
}

// configure has a host talk to nobody.
func configure(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString(`
[bittorrent]
listen = "127.0.0.1:0"
trackers = []
dht = false
dht_bootstrap = []
webrtc = false
[ipfs]
listen = ["127.0.0.1:0"]
bootstrap = []
dht = "off"
reach = false
routers = []
gateways = []
[dns]
server = "off"
well_known = false
[webrtc]
stun = []
[webtransport]
listen = "127.0.0.1:0"
[friends]
enabled = false
`)
	must(t, err)
}

// checkUnits has systemd look at the units, with the program that was unpacked.
func checkUnits(t *testing.T, dir string) {
	t.Helper()
	harness.Need(t, "systemd-analyze")
	units := t.TempDir()
	for unit, user := range map[string]bool{"system/kith-relay": false, "system/kith-host": false, "user/kith": true} {
		text, err := os.ReadFile(filepath.Join(dir, "usr/lib/systemd", unit+".service"))
		must(t, err)
		path := filepath.Join(units, filepath.Base(unit)+".service")
		must(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte("=/usr/bin/kith"), []byte("="+dir+"/usr/bin/kith")), 0o644))
		args, env := []string{"verify", "--man=no", path}, []string{"XDG_RUNTIME_DIR=" + units}
		if user {
			args = append([]string{"--user"}, args...)
		}
		if out, bad, err := harness.TryRun(t, harness.Program{Path: "systemd-analyze", Args: args, Env: env}); err != nil || strings.Contains(bad, filepath.Base(path)) {
			t.Errorf("systemd-analyze verify %s: %v\n%s%s", unit, err, out, bad)
		}
		if user {
			continue
		}
		// 20 stands for an exposure of 2.0 of 10.
		security := harness.Program{Path: "systemd-analyze", Args: []string{"security", "--offline=true", "--threshold=20", path}}
		if out, bad, err := harness.TryRun(t, security); err != nil {
			t.Errorf("%s is exposed too much: %v\n%s%s", unit, err, out, bad)
		}
	}
}

// runUnit runs the command line of a unit, with what more says, as systemd
// would put it together; it must become healthy.
func runUnit(t *testing.T, dir, unit string, more ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "usr/lib/systemd/system", unit+".service"))
	must(t, err)
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(string(text))
	if start == nil {
		t.Fatalf("%s has no ExecStart", unit)
	}
	home := filepath.Join(t.TempDir(), unit)
	line := strings.NewReplacer(
		"/usr/bin/", filepath.Join(dir, "usr/bin")+"/", "/var/lib/"+unit, home,
		"${CREDENTIALS_DIRECTORY}", filepath.Join(dir, "etc/kith"), "$KITH_SITES", "",
	).Replace(start[1])
	args := append(strings.Fields(line), more...)
	healthy(t, harness.Start(t, harness.Program{Path: args[0], Args: args[1:], Env: []string{"KITH_LISTEN=127.0.0.1:0"}}))
}

// healthy waits for a relay or a host, asks how it does, and ends it.
func healthy(t *testing.T, p *harness.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTime)
	defer cancel()
	m, err := p.Await(ctx, regexp.MustCompile(`metrics +(http://[^/\s]+)`))
	must(t, err)
	resp, err := http.Get(m[1] + "/metrics.json")
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !json.Valid(body) {
		t.Errorf("it answers %s: %.200s (%v)", resp.Status, body, err)
	}
	if err := p.Stop(endTime); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func checkFormula(t *testing.T, m made) {
	formula, err := os.ReadFile(m.path(t, "kith.rb"))
	must(t, err)
	sums, err := os.ReadFile(m.path(t, "SHA256SUMS"))
	must(t, err)
	got := regexp.MustCompile(`url "([^"]+)"\s+sha256 "([0-9a-f]{64})"`).FindSubmatch(formula)
	if got == nil || !strings.Contains(string(sums), string(got[2])+"  "+filepath.Base(string(got[1]))) {
		t.Errorf("the formula does not name an archive with its checksum:\n%s", formula)
	}
}
