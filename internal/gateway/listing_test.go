package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/gateway"
)

func TestAFolderIsListed(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{
		"a/b c/zeta.txt": make([]byte, 1536), "a/b c/Alpha.txt": []byte("1"), "a/b c/sub/x": []byte("x"),
		"a/b c/<img src=x onerror=alert(1)>": []byte("x"), "a/b c/100%?#.txt": []byte("x"), "a/b c/javascript:alert(1)": []byte("x"),
	})
	got := w.get(origin+"/a/b%20c/", navigation("none")...)
	if got.status != 200 || got.header.Get("Content-Type") != "text/html; charset=utf-8" ||
		got.header.Get("Cache-Control") != "public, max-age=0, must-revalidate" || got.header.Get("Vary") != "Accept, Accept-Language" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if again := w.get(origin+"/a/b%20c/", append(navigation("none"), "If-None-Match: "+got.header.Get("Etag"))...); again.status != 304 {
		t.Errorf("the same listing again: %d, tag %q", again.status, got.header.Get("Etag"))
	}
	for _, want := range []string{
		`<html lang="en">`, `<a href="./sub/">sub/</a>`, `href="./100%25%3F%23.txt"`, "1.5 KiB", "1 bytes",
		`&lt;img src=x onerror=alert(1)&gt;`, `href="./javascript:alert%281%29"`, `<a href="/">`, `<a href="../">a</a>`,
		`aria-current="page">b c<`, `<caption>6 names</caption>`, `<th scope="col">`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the listing has no %s:\n%s", want, got.body)
		}
	}
	for _, never := range []string{"<script", "<img", `href="javascript`} {
		if strings.Contains(got.body, never) {
			t.Errorf("the listing has %s", never)
		}
	}
	if s, a, z := strings.Index(got.body, ">sub/<"), strings.Index(got.body, "Alpha.txt"), strings.Index(got.body, "zeta.txt"); s > a || a > z {
		t.Errorf("the order is wrong: sub at %d, Alpha at %d, zeta at %d", s, a, z)
	}
}

type jsonListing struct {
	Path    string
	Entries []struct {
		Name, Type, URL string
		Size            *int64
	}
	Total, Page, Pages int
}

func TestAFolderIsListedAsJSON(t *testing.T) {
	w := newWorld(t, gateway.Options{ListPage: 10})
	files := map[string][]byte{}
	for i := range 25 {
		files[fmt.Sprintf("many/%02d", i)] = []byte("x")
	}
	origin, _ := w.publish(files)
	list := func(path string, headers ...string) (out jsonListing) {
		t.Helper()
		got := w.get(origin+path, headers...)
		if got.status != 200 || got.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %v", path, got.status, got.header)
		}
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	root := list("/", "Accept: application/json")
	if root.Path != "/" || len(root.Entries) != 1 || root.Entries[0].Type != "folder" || root.Entries[0].URL != "./many/" {
		t.Errorf("root: %+v", root)
	}
	page := w.get(origin+"/", navigation("none")...).body
	_, title, _ := strings.Cut(page, "<title>")
	title, _, _ = strings.Cut(title, "</title>")
	if !strings.Contains(title, "://") || !strings.Contains(page, "<h1>"+title+"</h1>") {
		t.Errorf("the root is called %q", title)
	}
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		got := list(fmt.Sprintf("/many/?format=json&page=%d", page))
		if got.Total != 25 || got.Pages != 3 || got.Page != page || got.Path != "/many/" {
			t.Errorf("page %d: %+v", page, got)
		}
		for _, e := range got.Entries {
			if seen[e.Name] || e.Size == nil || *e.Size != 1 {
				t.Errorf("page %d: %+v", page, e)
			}
			seen[e.Name] = true
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 names were listed", len(seen))
	}
	for query, page := range map[string]int{"0": 1, "-1": 1, "99": 3, "x": 1, "99999999999999999999": 1} {
		if got := list("/many/?format=json&page=" + query); got.Page != page {
			t.Errorf("page=%s: %d, want %d", query, got.Page, page)
		}
	}
	html := w.get(origin+"/many/?page=2", navigation("none")...)
	if !strings.Contains(html.body, `href="?page=1"`) || !strings.Contains(html.body, `href="?page=3"`) ||
		!strings.Contains(html.body, "Page 2 of 3") {
		t.Errorf("no way to the other pages:\n%s", html.body)
	}
}

func TestAFolderTooLargeIsNotListed(t *testing.T) {
	w := newWorld(t, gateway.Options{MaxList: 2})
	origin, _ := w.publish(map[string][]byte{"a": nil, "b": nil, "c": nil})
	if got := w.get(origin + "/"); got.status != 413 || !strings.Contains(got.body, "3 names") {
		t.Errorf("%d %q", got.status, got.body)
	}
}
