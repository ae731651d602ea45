package publish_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
)

func TestWhatIsLeftOutIsListed(t *testing.T) {
	b := setUp(t, nil)
	b.write(t, map[string]string{
		"index.html": "x", ".git/HEAD": "x", "sub/.DS_Store": "x", "Thumbs.db": "x", "._index.html": "x",
		".well-known/x": "x", "node_modules/lit/lit.js": "x", ".htaccess": "x", "real/page.html": "x",
	})
	outside := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("s"), 0o600))
	for link, target := range map[string]string{
		"out": outside, "up": "..", "nowhere": "missing", "loop": ".", "inside": "real", "file.html": "real/page.html",
		"absolute": filepath.Join(b.folder, "real", "page.html"),
	} {
		must(t, os.Symlink(target, filepath.Join(b.folder, link)))
	}
	piped := makePipe(t, filepath.Join(b.folder, "pipe"))
	pub := b.publish(t, publish.Request{})
	got := map[string]string{}
	for _, s := range pub.Skipped {
		got[s.Path] = s.Reason
	}
	const vcs, system, out = "version control", "left by the operating system", "a link that leads out of the folder"
	want := map[string]string{
		".git": vcs, "sub/.DS_Store": system, "Thumbs.db": system, "._index.html": system, "pipe": "not a regular file",
		"out": out, "up": out, "nowhere": "a link that leads nowhere", "loop": "a link to a folder that it is in",
	}
	if !piped {
		delete(want, "pipe")
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("skipped %v", got)
	}
	// index, .well-known, node_modules, .htaccess, real/page, inside/page, file, absolute
	if pub.Files != 8 {
		t.Errorf("%d files", pub.Files)
	}
}

func TestWhatCannotBeASite(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		folder func(root string) string
		change func(o *publish.Options)
		kind   fault.Kind
		says   string
	}{
		"no such folder": {folder: func(r string) string { return r + "/missing" }, kind: fault.NotFound, says: "missing"},
		"no folder":      {folder: func(string) string { return "" }, kind: fault.Invalid, says: "no folder"},
		"nothing in it":  {kind: fault.Invalid, says: "no files"},
		"only litter":    {files: map[string]string{".git/x": ""}, kind: fault.Invalid, says: "no files"},
		"two that look alike": {
			files: map[string]string{"d/caf\u00e9": "1", "d/cafe\u0301": "2"}, kind: fault.Invalid, says: `"cafe\u0301"`,
		},
		"not UTF-8": {files: map[string]string{"a\xff": "1"}, kind: fault.Invalid, says: `"a\xff"`},
		"too many files": {
			files: map[string]string{"a": "", "b": "", "c": ""}, kind: fault.TooLarge, says: "2 files",
			change: func(o *publish.Options) { o.MaxFiles = 2 },
		},
		"too many bytes": {
			files: map[string]string{"a": "123", "b": "45"}, kind: fault.TooLarge, says: "4 bytes",
			change: func(o *publish.Options) { o.MaxSize = 4 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, c.change)
			b.write(t, c.files)
			folder := b.folder
			if c.folder != nil {
				folder = c.folder(folder)
			}
			_, err := b.Publish(t.Context(), publish.Request{Folder: folder}, nil)
			if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v of kind %s", err, fault.KindOf(err))
			}
		})
	}
}

func TestAnUnreadableFileIsNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("SKIPPED: root reads everything")
	}
	b := setUp(t, nil)
	b.write(t, map[string]string{"a": "", "locked": "x"})
	must(t, os.Chmod(filepath.Join(b.folder, "locked"), 0))
	_, err := b.Publish(t.Context(), publish.Request{Folder: b.folder}, nil)
	if fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "locked") {
		t.Errorf("%v", err)
	}
}
