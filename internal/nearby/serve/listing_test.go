package serve

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAListingShowsWhatIsServedAndNoMore(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.txt", ".hidden", "a & b%.txt", "sub/inner.txt", "site/index.html", ".well-known/x"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 1536), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	s := &Server{o: Options{Log: slog.New(slog.DiscardHandler)}}
	h, root, err := s.folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	code, page := get("/")
	for _, want := range []string{`<a href="./plain.txt">plain.txt</a> <small>1.5 KiB</small>`, `href="./a%20&amp;%20b%25.txt">a &amp; b%.txt<`, `href="./sub/"`, `href="./site/"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the listing:\n%s", want, page)
		}
	}
	if code != 200 || strings.Contains(page, "hidden") || strings.Contains(page, "out") || strings.Contains(page, "../") {
		t.Errorf("status %d, it lists more than is served:\n%s", code, page)
	}
	if code, page := get("/sub/"); code != 200 || !strings.Contains(page, "inner.txt") || !strings.Contains(page, `href="../"`) {
		t.Errorf("a folder below: status %d\n%s", code, page)
	}
	for path, want := range map[string]int{"/sub": 301, "/site/": 200, "/none/": 404, "/.hidden": 404, "/../": 404} {
		if code, _ := get(path); code != want {
			t.Errorf("GET %s: status %d, not %d", path, code, want)
		}
	}
	for _, path := range []string{"/out/", "/out/hostname"} {
		if code, page := get(path); code < 400 {
			t.Errorf("GET %s: a link out of the folder was followed: status %d\n%s", path, code, page)
		}
	}
	if got := beside("c:d<e>"); got != "./c:d%3Ce%3E" {
		t.Errorf("beside: %q", got)
	}
}
