package app

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/sharing"
)

// MaxPage is how many entries one page of a listing has at most.
const MaxPage = 1000

// shownItem is a document in a listing.
type shownItem struct {
	Path     string    `json:"path"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"`
	ETag     string    `json:"etag"`
	Modified time.Time `json:"modified"`
	Labels   []string  `json:"labels"`
	Audience *audience `json:"audience,omitempty"`
}

// listing is the JSON of a folder.
type listing struct {
	Items   []shownItem `json:"items"`
	Folders []string    `json:"folders,omitempty"`
	Next    string      `json:"next,omitempty"`
}

// page is what of a folder is asked for.
type page struct {
	folder, after string
	limit         int
	flat          bool // stop at the first slash
}

// behind is greater than every path below a folder: 0xff is in no UTF-8.
const behind = "\xff"

func (c *call) readPage(folder string) (page, error) {
	q := c.r.URL.Query()
	p := page{folder: folder, limit: MaxPage}
	if text := q.Get("limit"); q.Has("limit") {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || n == 0 {
			return p, invalid("%.40q is no limit", text)
		}
		p.limit = int(min(n, MaxPage))
	}
	if q.Has("depth") {
		if q.Get("depth") != "1" {
			return p, invalid("%.40q is no depth: 1 is", q.Get("depth"))
		}
		p.flat = true
	}
	after, err := checkPath(q.Get("after"))
	if err != nil {
		return p, err
	}
	if p.after = after; strings.HasSuffix(after, "/") {
		p.after += behind
	}
	return p, nil
}

func (c *call) getFolder(folder string, at place) error {
	if strings.Contains(c.r.Header.Get("Accept"), "text/event-stream") {
		return c.stream(folder)
	}
	p, err := c.readPage(folder)
	if err != nil {
		return err
	}
	if at.friend != "" {
		return c.listMounted(p, at)
	}
	s, err := c.see(c.r.Context())
	if err != nil {
		return c.about(folder, err)
	}
	l := lister{c: c, seen: s, page: p}
	out, err := l.list(c.r.Context())
	if err != nil {
		return c.about(folder, err)
	}
	answer(c.w, c.r, http.StatusOK, out)
	return nil
}

// lister lists a folder: the app's documents, and what is mounted there.
type lister struct {
	c    *call
	seen *seen
	page page
}

// list collects a page.
func (l *lister) list(ctx context.Context) (listing, error) {
	out := cutter{page: l.page, listing: listing{Items: []shownItem{}}}
	after := l.page.after
	for {
		batch, err := l.batch(ctx, after)
		if err != nil {
			return listing{}, err
		}
		for _, item := range batch {
			if !out.take(item) {
				return out.listing, nil
			}
		}
		if len(batch) <= l.page.limit { // there was no more
			return out.listing, nil
		}
		after = out.skip(batch[len(batch)-1].Path)
	}
}

// cutter makes a page of documents that come in order.
type cutter struct {
	page    page
	listing listing
	last    string
}

// take adds a document; false when the page is full, and Next says so.
func (o *cutter) take(item shownItem) bool {
	folder := ""
	if rest := item.Path[len(o.page.folder):]; o.page.flat {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			folder = item.Path[:len(o.page.folder)+i+1]
		}
	}
	if folder != "" && folder == o.last {
		return true
	}
	if len(o.listing.Items)+len(o.listing.Folders) >= o.page.limit {
		o.listing.Next = o.last
		return false
	}
	if folder != "" {
		o.listing.Folders = append(o.listing.Folders, folder)
		o.last = folder
		return true
	}
	o.listing.Items = append(o.listing.Items, item)
	o.last = item.Path
	return true
}

// skip is where to go on after a batch that ended with path.
func (o *cutter) skip(path string) string {
	if strings.HasSuffix(o.last, "/") && strings.HasPrefix(path, o.last) {
		return o.last + behind
	}
	return path
}

// batch are the documents behind a path, at most one more than a page has, in
// order.
func (l *lister) batch(ctx context.Context, after string) ([]shownItem, error) {
	most := l.page.limit + 1
	out, err := l.own(ctx, after, most)
	if err != nil {
		return nil, err
	}
	for i := range l.c.grant.Mounts {
		more, err := l.mounted(ctx, &l.c.grant.Mounts[i], after, most)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	slices.SortFunc(out, func(a, b shownItem) int { return strings.Compare(a.Path, b.Path) })
	return out[:min(len(out), most)], nil
}

// own are the documents of the place that the folder stands for itself, without
// what mounts hide.
func (l *lister) own(ctx context.Context, after string, most int) ([]shownItem, error) {
	base := l.c.resolve(l.page.folder)
	out := []shownItem{}
	for len(out) < most {
		docs, err := l.c.h.o.Sharing.List(ctx, sharing.Page{App: base.app, Folder: base.path, After: translate(after, l.page.folder, base.path), Most: most})
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			path := l.page.folder + strings.TrimPrefix(d.Path, base.path)
			after = path
			if l.c.resolve(path).mount == base.mount && len(out) < most {
				out = append(out, l.show(d, path))
			}
		}
		if len(docs) < most {
			break
		}
	}
	return out, nil
}

// translate is a path below one folder as a path below another; what is not below
// it is before or behind everything there.
func translate(after, from, to string) string {
	rest, ok := strings.CutPrefix(after, from)
	switch {
	case after == "" || !ok && after < from:
		return ""
	case !ok:
		return to + behind
	}
	return to + rest
}

// mounted are the documents of a mount below the folder.
func (l *lister) mounted(ctx context.Context, m *Mount, after string, most int) ([]shownItem, error) {
	if m.Friend != "" {
		return l.friendMount(m, after), nil
	}
	if !strings.HasPrefix(m.At, l.page.folder) || m.At == l.page.folder || l.c.resolve(m.At).mount == nil || l.c.resolve(m.At).mount.ID != m.ID {
		return nil, nil
	}
	if !isFolder(m.At) {
		d, err := l.c.h.o.Sharing.Document(ctx, m.App, m.Path)
		if err != nil || m.At <= after {
			return nil, nil // what was mounted is gone: it is not listed
		}
		return []shownItem{l.show(d, m.At)}, nil
	}
	docs, err := l.c.h.o.Sharing.List(ctx, sharing.Page{App: m.App, Folder: m.Path, After: translate(after, m.At, m.Path), Most: most})
	if err != nil {
		return nil, err
	}
	var out []shownItem
	for _, d := range docs {
		path := m.At + strings.TrimPrefix(d.Path, m.Path)
		if at := l.c.resolve(path); at.mount != nil && at.mount.ID == m.ID {
			out = append(out, l.show(d, path))
		}
	}
	return out, nil
}

// friendMount shows the folder of a friend's mount, where folders are shown: what
// is in it is the friend's to tell.
func (l *lister) friendMount(m *Mount, after string) []shownItem {
	if !l.page.flat || !isFolder(m.At) || !strings.HasPrefix(m.At, l.page.folder) || m.At == l.page.folder || m.At <= after {
		return nil
	}
	return []shownItem{{Path: m.At}}
}

func (l *lister) show(d sharing.Document, path string) shownItem {
	a := l.seen.show(d.Audience)
	labels := d.Labels
	if labels == nil {
		labels = []string{}
	}
	return shownItem{Path: path, Type: orOctets(d.Type), Size: d.Size, ETag: d.ETag, Modified: d.Modified.UTC(), Labels: labels, Audience: &a}
}
