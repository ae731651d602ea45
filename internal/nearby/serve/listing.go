package serve

import (
	"cmp"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/text"
)

// hidden reports whether a name is one that folders keep out of sight.
func hidden(name string) bool { return strings.HasPrefix(name, ".") && name != ".well-known" }

// row is an entry of a listing; Size is -1 for a folder.
type row struct {
	Name, URL string
	Size      int64
}

// SizeText is the size for people; "" for a folder.
func (r row) SizeText() text.Phrase {
	switch {
	case r.Size < 0:
		return text.Phrase{}
	case r.Size < 1024:
		return text.Of("%d B", r.Size)
	}
	const units = "KMGTPE"
	size, unit := float64(r.Size)/1024, 0
	for size >= 999.95 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	return text.Of("%s %ciB", text.Decimal{Value: size, Digits: 1}, units[unit])
}

// listing shows what is in a folder that has no page of its own. It reports false
// where the path is something else.
func listing(w http.ResponseWriter, r *http.Request, files fs.FS, texts *text.Catalogue, log *slog.Logger) bool {
	if !strings.HasSuffix(r.URL.Path, "/") {
		return false
	}
	dir := cmp.Or(strings.Trim(path.Clean(r.URL.Path), "/"), ".")
	if _, err := fs.Stat(files, path.Join(dir, "index.html")); err == nil {
		return false
	}
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return false
	}
	rows := []row{}
	for _, e := range entries {
		info, err := fs.Stat(files, path.Join(dir, e.Name())) // fails for a link that leads out
		switch {
		case err != nil || hidden(e.Name()):
		case info.IsDir():
			rows = append(rows, row{e.Name() + "/", beside(e.Name() + "/"), -1})
		case info.Mode().IsRegular():
			rows = append(rows, row{e.Name(), beside(e.Name()), info.Size()})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(min(a.Size, 0), min(b.Size, 0)) })
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", pagePolicy)
	l := texts.For(r.Header.Get("Accept-Language"))
	h.Set("Content-Language", l.Tag())
	h.Add("Vary", "Accept-Language")
	title := l.Text("Files")
	if dir != "." {
		title = path.Base(dir)
	}
	data := struct {
		Title string
		Up    bool
		Rows  []row
		L     *text.Language
	}{title, dir != ".", rows, l}
	if err := template.Must(template.New("listing").Parse(listingText)).Execute(w, data); err != nil {
		log.Debug("a listing was not written", "error", err)
	}
	return true
}

// beside is a name as a URL beside the listing's own.
func beside(name string) string { return (&url.URL{Path: "./" + name}).String() }

const listingText = pageHead + `<ul>{{if .Up}}<li><a href="../">../</a></li>{{end}}
{{range .Rows}}<li><a href="{{.URL}}">{{.Name}}</a>{{if ge .Size 0}} <small>{{$.L.Say "%s" .SizeText}}</small>{{end}}</li>
{{else}}<li>{{.L.Text "This folder is empty."}}</li>
{{end}}</ul>
</main></html>
`
