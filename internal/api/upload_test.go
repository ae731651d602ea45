package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/publish"
)

func (w *world) begin() string {
	w.t.Helper()
	var up struct{ ID string }
	w.call("POST", "/api/v1/uploads", "", 200, &up)
	return "/api/v1/uploads/" + up.ID
}

func (w *world) put(upload, path, content string, status int) {
	w.t.Helper()
	w.call("PUT", upload+"/files/"+path, content, status, nil)
}

func left(t *testing.T, home string) []string {
	t.Helper()
	var out []string
	root := filepath.Join(home, "published")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestAFolderFromTheBrowserIsPublished(t *testing.T) {
	w := newWorld(t, nil)
	up := w.begin()
	w.put(up, "index.html", "<p>hi", 204)
	w.put(up, "a%20b/%C3%BC.txt", "deep", 204)
	w.put(up, "empty", "", 204)
	_, body := w.do("POST", up+"/publish", strings.NewReader(`{"site":"my site"}`))
	var result *publish.Publication
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		var e api.PublishEvent
		w.check(json.Unmarshal(lines.Bytes(), &e))
		if e.Result != nil {
			result = e.Result
		}
	}
	if result == nil || result.Files != 3 || result.Name != "my site" {
		t.Fatalf("publish: %s", body)
	}
	if data, err := os.ReadFile(filepath.Join(result.Folder, "a b", "ü.txt")); err != nil || string(data) != "deep" {
		t.Errorf("%q, %v", data, err)
	}
	w.put(up, "late.txt", "x", 404)
	w.call("DELETE", "/api/v1/publications/"+result.ID, "", 204, nil)
	if got := left(t, w.home); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestUploadsStayInTheirFolder(t *testing.T) {
	w := newWorld(t, nil)
	up := w.begin()
	for _, path := range []string{
		"..%2f..%2fescape", "%2e%2e/escape", "a/%2e%2e/%2e%2e/b", "%2fetc%2fpasswd", "a%5c..%5cb", "a%00b", "a/", ".",
		strings.Repeat("x", 300),
	} {
		if resp, _ := w.do("PUT", up+"/files/"+path, strings.NewReader("x")); resp.StatusCode < 300 && resp.StatusCode >= 200 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	w.put(up, "twice", "1", 204)
	w.put(up, "twice", "2", 409)
	for _, name := range []string{`..`, `a/b`, `a\\b`, `.`, `\u0000`} {
		w.call("POST", up+"/publish", `{"site":"`+name+`"}`, 400, nil)
	}
	err := filepath.WalkDir(w.home, func(path string, d os.DirEntry, err error) error {
		if strings.Contains(d.Name(), "escape") || d.Name() == "passwd" {
			t.Errorf("escaped to %s", path)
		}
		return err
	})
	w.check(err)
	w.call("DELETE", up, "", 204, nil)
	if got := left(t, w.home); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestUploadsAreLimited(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.MaxUpload, o.MaxUploadFiles, o.MaxUploads = 100, 3, 2 })
	up := w.begin()
	w.put(up, "a", strings.Repeat("x", 60), 204)
	w.put(up, "b", strings.Repeat("x", 41), 413)
	w.put(up, "b", strings.Repeat("x", 40), 204)
	w.put(up, "c", "", 413) // the fourth file, the refused one counted
	w.begin()
	w.call("POST", "/api/v1/uploads", "", 429, nil)
}

func TestAnInterruptedUploadIsClearedAway(t *testing.T) {
	w := newWorld(t, nil)
	w.put(w.begin(), "a", "x", 204)
	if got := left(t, w.home); len(got) != 1 {
		t.Fatalf("before: %q", got)
	}
	again := newWorld(t, func(o *api.Options) { o.Home = w.home })
	_ = again
	if got := left(t, w.home); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}
