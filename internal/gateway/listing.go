package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// sizesWithin is how long a listing waits for the sizes of its files, which
// some networks must ask peers for. Those that are not known by then are left
// out.
const sizesWithin = 2 * time.Second

// listing is one page of a folder's names.
type listing struct {
	Path    string        `json:"path"`
	Entries []listedEntry `json:"entries"`
	Total   int           `json:"total"`
	Page    int           `json:"page"`
	Pages   int           `json:"pages"`
}

// listedEntry is a file or folder in a listing.
type listedEntry struct {
	Name string `json:"name"`
	Type string `json:"type"` // file, folder
	URL  string `json:"url"`
	Size *int64 `json:"size,omitempty"`
}

// Readable is the size as the page shows it.
func (e listedEntry) Readable() text.Phrase {
	switch {
	case e.Type == "folder":
		return text.Phrase{}
	case e.Size == nil:
		return text.Of("–")
	}
	return readable(*e.Size)
}

// crumb is one step of the way down to a folder.
type crumb struct{ Name, URL string }

// serveFolder answers with the names in a folder, as a page or as JSON.
func (x *exchange) serveFolder(f *found) error {
	query := x.r.URL.Query()
	list, err := x.list(f.name, query.Get("page"))
	if err != nil {
		return err
	}
	h := x.w.Header()
	h["Cache-Control"] = x.g.fixed.revalidate
	accept := header(x.r, "Accept")
	contentType, body := htmlType, []byte(nil)
	if query.Get("format") == "json" || strings.Contains(accept, "json") && !strings.Contains(accept, "text/html") {
		contentType = "application/json"
		h["Vary"] = []string{"Accept"}
		body, err = json.MarshalIndent(list, "", "  ")
	} else {
		body, err = x.drawListing(h, list)
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	v := validators{etag: x.tag(`W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`)}
	h["Etag"] = []string{v.etag}
	switch v.precondition(x.r) {
	case notModified:
		x.send(http.StatusNotModified)
	case failed:
		x.failWith(http.StatusPreconditionFailed, fault.New(fault.Conflict, "the folder is another version"))
	case proceed:
		x.body(http.StatusOK, contentType, body)
	}
	return nil
}

// list reads one page of a folder, folders first, then by name.
func (x *exchange) list(name, page string) (*listing, error) {
	ctx, cancel := context.WithTimeoutCause(x.r.Context(), x.g.o.Patience, errLate)
	defer cancel()
	entries, err := fs.ReadDir(x.handle.FS(ctx), name)
	if err != nil {
		return nil, x.because(ctx, err)
	}
	if len(entries) > x.g.o.MaxList {
		return nil, fault.New(fault.TooLarge, "the folder has %d names; at most %d are listed", len(entries), x.g.o.MaxList)
	}
	sortNames(entries)
	size := x.g.o.ListPage
	out := &listing{Path: "/", Total: len(entries), Page: 1, Pages: max(1, (len(entries)+size-1)/size)}
	if name != "." {
		out.Path = "/" + name + "/"
	}
	if n, err := strconv.Atoi(page); err == nil {
		out.Page = min(max(n, 1), out.Pages)
	}
	begin := (out.Page - 1) * size
	out.Entries = x.describe(name, entries[begin:min(begin+size, len(entries))])
	return out, nil
}

// sortNames puts folders first and then goes by name, whatever its case.
func sortNames(entries []fs.DirEntry) {
	type keyed struct {
		key   string
		entry fs.DirEntry
	}
	all := make([]keyed, len(entries))
	for i, e := range entries {
		kind := "1"
		if e.IsDir() {
			kind = "0"
		}
		all[i] = keyed{kind + strings.ToLower(e.Name()) + "\x00" + e.Name(), e}
	}
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	for i, k := range all {
		entries[i] = k.entry
	}
}

// describe finds out the sizes, as far as that is quick.
func (x *exchange) describe(dir string, entries []fs.DirEntry) []listedEntry {
	ctx, cancel := context.WithTimeout(x.r.Context(), sizesWithin)
	defer cancel()
	fsys := x.handle.FS(ctx)
	out := make([]listedEntry, 0, len(entries))
	for _, e := range entries {
		one := listedEntry{Name: e.Name(), Type: "file", URL: (&url.URL{Path: "./" + e.Name()}).EscapedPath()}
		if e.IsDir() {
			one.Type, one.URL = "folder", one.URL+"/"
		} else if info, err := fs.Stat(fsys, path.Join(dir, e.Name())); err == nil {
			n := info.Size()
			one.Size = &n
		}
		out = append(out, one)
	}
	return out
}

// drawListing draws the page.
func (x *exchange) drawListing(h http.Header, list *listing) ([]byte, error) {
	turn := func(page int) string {
		if page < 1 || page > list.Pages {
			return ""
		}
		return fmt.Sprintf("?page=%d", page)
	}
	l := x.g.language(h, x.r)
	page := struct {
		*listing
		Title, Caption, Previous, Next string
		Crumbs                         []crumb
		Style                          template.CSS
		L                              *text.Language
	}{
		listing: list, Title: path.Base(list.Path), Crumbs: crumbs(l, list.Path), L: l,
		Caption:  text.Count(list.Total, "%d name", "%d names").In(l),
		Previous: turn(list.Page - 1), Next: turn(list.Page + 1), Style: x.g.pages.style,
	}
	if list.Path == "/" {
		page.Title = shortName(x.p.address)
	}
	return x.g.pages.render(h, "listing.html", page)
}

// crumbs are the folders on the way to p, the last without a link; none for
// the root.
func crumbs(l *text.Language, p string) []crumb {
	parts := strings.Split(strings.Trim(p, "/"), "/")
	if parts[0] == "" {
		return nil
	}
	out := []crumb{{Name: l.Text("Top"), URL: "/"}}
	for i, name := range parts {
		out = append(out, crumb{Name: name, URL: strings.Repeat("../", len(parts)-1-i)})
	}
	return out
}
