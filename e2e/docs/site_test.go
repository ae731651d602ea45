package docs

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const siteWithin = 5 * time.Minute

// docsite makes the website of the documents, twice to see that it is the same, and
// returns its folder. It fails t when a link between documents is dead.
func docsite(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "docsite")
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = harness.Root()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("go", "test", "-C", "tools", "./docsite")
	run("go", "build", "-C", "tools", "-o", tool, "./docsite")
	run(tool, "-root", ".", "-check")
	out, again := filepath.Join(t.TempDir(), "site"), filepath.Join(t.TempDir(), "again")
	run(tool, "-root", ".", "-out", out)
	run(tool, "-root", ".", "-out", again)
	a, b := tree(t, out), tree(t, again)
	for name, data := range a {
		if !bytes.Equal(data, b[name]) {
			t.Errorf("%s is another one each time", name)
		}
	}
	if len(a) != len(b) {
		t.Errorf("there are %d files, and then %d", len(a), len(b))
	}
	return out
}

// tree returns the files of a folder by their paths in it.
func tree(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	must(t, fs.WalkDir(os.DirFS(folder), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		out[name], err = os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		return err
	}))
	return out
}

// TestSite publishes the website of the documents, opens it through a second node, and
// follows every link in it.
func TestSite(t *testing.T) {
	folder := docsite(t)
	author := harness.StartNode(t, harness.Options{Binary: kith})
	reader := harness.StartNode(t, harness.Options{Binary: kith})
	p := author.Publish(t, folder)
	site := reader.Open(t, harness.WithPeers(p.Magnet, author.TorrentPeer(t, "127.0.0.1"))).Address.String()
	files := tree(t, folder)
	seen := crawl(t, reader, site, files)
	for name := range files {
		if !seen[name] && name != "404.html" && name != "assets/search.json" {
			t.Errorf("no link leads to %s", name)
		}
	}
	if got, err := reader.TryGet(t, t.Context(), site, "/guide/nothing.html"); err != nil || got.Status != http.StatusNotFound {
		t.Errorf("a page that is not there: status %d, %v", got.Status, err)
	}
	t.Run("browser", func(t *testing.T) {
		cases := harness.NeedPlaywright(t, "site", siteWithin)
		cases.Env = []string{"KITH_SITE=" + reader.URL(t, site, "/")}
		cases.Run(t)
	})
}

var (
	attributes = regexp.MustCompile(`<(\w+)[^>]*? (href|src|srcset)="([^"]*)"`)
	anchors    = regexp.MustCompile(` id="([^"]*)"`)
)

// crawl fetches what the first page leads to, and so on, and compares it with the
// files. It returns what it came by.
func crawl(t *testing.T, reader *harness.Node, site string, files map[string][]byte) map[string]bool {
	t.Helper()
	seen, waiting := map[string]bool{"index.html": true}, []string{"index.html"}
	for len(waiting) > 0 {
		name := waiting[0]
		waiting = waiting[1:]
		if data := reader.Get(t, site, "/"+name); !bytes.Equal(data, files[name]) {
			t.Errorf("%s arrives as %d octets that are others", name, len(data))
		}
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range attributes.FindAllStringSubmatch(string(files[name]), -1) {
			to, err := url.Parse(strings.ReplaceAll(m[3], "&amp;", "&"))
			must(t, err)
			if to.IsAbs() || to.Host != "" {
				if m[1] != "a" {
					t.Errorf("%s loads %s, which is not the site's own", name, m[3])
				}
				continue
			}
			target := path.Join(path.Dir(name), to.Path)
			if to.Path == "" {
				target = name
			}
			switch data, ok := files[target]; {
			case !ok:
				t.Errorf("%s leads to %s, which is not there", name, m[3])
				continue
			case to.Fragment != "" && !hasAnchor(data, to.Fragment):
				t.Errorf("%s leads to %s, which has no such heading", name, m[3])
			}
			if !seen[target] {
				seen[target], waiting = true, append(waiting, target)
			}
		}
	}
	return seen
}

// hasAnchor says whether a page has an element of this id.
func hasAnchor(data []byte, id string) bool {
	for _, m := range anchors.FindAllSubmatch(data, -1) {
		if string(m[1]) == id {
			return true
		}
	}
	return false
}
