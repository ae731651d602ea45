package upgrade

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
	"github.com/kith-web/kith/internal/publish"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/site"
)

const (
	readyTime = 60 * time.Second
	endTime   = 20 * time.Second
)

// kith is the kith program, built once.
var kith string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &kith)) }

// old is what an older kith left, unpacked: dir is /srv to the node, and the
// network it is in leads nowhere.
type old struct {
	t         *testing.T
	dir, home string
	namespace string
}

func unpack(t *testing.T, name string) *old {
	t.Helper()
	namespace, _ := harness.Namespace(t)
	if _, err := os.Stat("/srv"); err != nil {
		harness.Skip(t, "the old home published a folder below /srv, and there is none: %v", err)
	}
	o := &old{t: t, dir: t.TempDir(), namespace: namespace}
	o.home = filepath.Join(o.dir, "alice")
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := entry(filepath.Join(o.dir, h.Name), h, r); err != nil {
			t.Fatal(err)
		}
	}
}

func entry(path string, h *tar.Header, r io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(path, 0o700)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, fs.FileMode(h.Mode)); err != nil {
		return err
	}
	return os.Chtimes(path, h.ModTime, h.ModTime)
}

// start starts today's kith with the old home and the old configuration.
func (o *old) start() *harness.Process {
	o.t.Helper()
	p := o.launch()
	ctx, cancel := context.WithTimeout(o.t.Context(), readyTime)
	defer cancel()
	if _, err := p.Await(ctx, regexp.MustCompile(`msg=ready`)); err != nil {
		o.t.Fatal(err)
	}
	return p
}

func (o *old) launch() *harness.Process {
	o.t.Helper()
	// What 'ip netns exec' runs has mounts of its own.
	return harness.Start(o.t, harness.Program{
		Path: "sh", Args: []string{"-c", `mount --bind "$1" /srv && exec "$2" up --home /srv/alice`, "sh", o.dir, kith},
		Namespace: o.namespace,
	})
}

func (o *old) end(p *harness.Process) {
	o.t.Helper()
	if err := p.Stop(endTime); err != nil {
		o.t.Errorf("the node ended badly: %v", err)
	}
}

func (o *old) cli(args ...string) string {
	o.t.Helper()
	return harness.Run(o.t, harness.Program{Path: kith, Args: append(args, "--home", o.home), Namespace: o.namespace})
}

// read reads JSON that the older kith printed, or that today's prints.
func read[T any](t *testing.T, text []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return v
}

func (o *old) printed(name string) []byte {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		o.t.Fatal(err)
	}
	return text
}

func TestAHomeWithSites(t *testing.T) {
	t.Parallel()
	o := unpack(t, "sites.tar.gz")
	for range 2 { // what the first start migrated, the second finds
		p := o.start()
		o.checkSites()
		o.end(p)
	}
}

func TestAHomeWithFriends(t *testing.T) {
	t.Parallel()
	o := unpack(t, "friends.tar.gz")
	for range 2 {
		p := o.start()
		o.checkSites()
		o.checkFriends()
		o.end(p)
	}
}

// checkSites looks for a published folder, and one site from each network.
func (o *old) checkSites() {
	t := o.t
	t.Helper()
	published := read[publish.Publication](t, o.printed("published.json"))
	kept := read[publish.Publication](t, o.printed("kept.json"))
	taken := read[publish.Publication](t, o.printed("taken.json"))
	sites := map[string]site.Site{}
	for _, s := range read[struct{ Sites []site.Site }](t, []byte(o.cli("sites", "--json"))).Sites {
		sites[s.Address.String()] = s
	}
	for address, text := range map[string]string{
		published.IPFS: "Published by an older Kith", published.WTP: "Published by an older Kith",
		kept.WTP: "Pinned by an older Kith", taken.IPFS: "Imported by an older Kith",
	} {
		s, ok := sites[address]
		if !ok || !s.Pinned && !s.Published {
			t.Errorf("%s is not kept: %+v", address, s)
		}
		if got := o.cli("get", address+"/index.html"); !strings.Contains(got, text) {
			t.Errorf("%s is served as %.100q", address, got)
		}
	}
	for address, last := range map[string]string{published.WTP: "6000", published.IPFS: "6000", kept.WTP: "9000"} {
		if got := o.cli("get", address+"/numbers.txt"); !strings.HasSuffix(got, "\n"+last+"\n") {
			t.Errorf("numbers.txt of %s ends in %q", address, got[max(0, len(got)-20):])
		}
	}
	again := read[publish.Publication](t, []byte(o.publishAgain()))
	if again.IPNS != published.IPNS || again.WTPKey != published.WTPKey || again.IPFS != published.IPFS || again.WTP != published.WTP {
		t.Errorf("published again it is at\n%+v\nand was at\n%+v", again, published)
	}
}

// publishAgain publishes the folder under its name once more: the keys of the
// addresses that stay are in the home.
func (o *old) publishAgain() string {
	o.t.Helper()
	return harness.Run(o.t, harness.Program{
		Path: "sh", Args: []string{
			"-c", `mount --bind "$1" /srv && exec "$2" publish /srv/site --name old.example --json --home "$1/alice"`, "sh", o.dir, kith,
		},
		Namespace: o.namespace,
	})
}

// checkFriends looks for who the person is, their friend, and documents.
func (o *old) checkFriends() {
	t := o.t
	t.Helper()
	before := read[sharing.State](t, o.printed("friends.json"))
	now := read[sharing.State](t, []byte(o.cli("friend", "--json")))
	if now.Person.Name != "alice" || now.Person.Device != before.Person.Device || now.Person.Locked {
		t.Errorf("the person is %+v, and was %+v", now.Person, before.Person)
	}
	if len(now.Friends) != 1 || now.Friends[0].ID != before.Friends[0].ID || now.Friends[0].Name != "bob" ||
		now.Friends[0].Safety != before.Friends[0].Safety {
		t.Errorf("friends are %+v, and were %+v", now.Friends, before.Friends)
	}
	if got := o.cli("data", "get", "notes/own"); !strings.HasPrefix(got, "1\n2\n") || !strings.HasSuffix(got, "\n2000\n") {
		t.Errorf("notes/own has %d octets", len(got))
	}
	if got := o.cli("data", "get", "notes/shared"); got != `{"for":"bob"}`+"\n" {
		t.Errorf("notes/shared is %q", got)
	}
	if list := o.cli("data", "ls", "notes"); !strings.Contains(list, "bob") {
		t.Errorf("nobody may see notes/shared any more:\n%s", list)
	}
}

// TestAHomeOfANewerKith is refused with nothing in it changed.
func TestAHomeOfANewerKith(t *testing.T) {
	t.Parallel()
	o := unpack(t, "friends.tar.gz")
	if err := os.WriteFile(filepath.Join(o.home, "version"), []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := o.sums()
	p := o.launch()
	ctx, cancel := context.WithTimeout(t.Context(), readyTime)
	defer cancel()
	if err := p.Wait(ctx); err == nil {
		t.Error("it was taken")
	}
	for _, want := range []string{"has version 2, and this program knows versions up to 1", "update this one"} {
		if !strings.Contains(p.Output(), want) {
			t.Errorf("it says nothing of %q:\n%s", want, p.Output())
		}
	}
	if after := o.sums(); !maps.Equal(before, after) {
		t.Errorf("the home changed from\n%v\nto\n%v", before, after)
	}
}

// sums are the files of the home.
func (o *old) sums() map[string][sha256.Size]byte {
	o.t.Helper()
	sums := map[string][sha256.Size]byte{}
	err := fs.WalkDir(os.DirFS(o.home), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(o.home, name))
		sums[name] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return sums
}
