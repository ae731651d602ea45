package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/web"
)

// console serves the console's page with the token in it, to nobody but the
// owner's own browser.
func (s *Server) console(w http.ResponseWriter, r *http.Request) {
	if err := checkOpener(r); err != nil {
		fail(w, err)
		return
	}
	page, err := web.Index(s.o.Token)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Security-Policy", web.ConsolePolicy())
	servePage(w, page)
}

// shell serves the page that shows the app at a label in its frame. It holds
// no secret: the address it shows is that of the request.
func (s *Server) shell(w http.ResponseWriter, r *http.Request) {
	a, err := address.FromLabel(r.PathValue("label"))
	if err != nil {
		fail(w, fault.New(fault.NotFound, "there is no app %.100q: %w", r.PathValue("label"), err))
		return
	}
	label, err := a.Label() // in its one form: it becomes a part of the policy
	if err != nil {
		fail(w, err)
		return
	}
	page, err := fs.ReadFile(web.Dist(), "app.html")
	if err != nil {
		fail(w, err)
		return
	}
	origin := "http://" + label + ".localhost:" + strconv.Itoa(s.o.Port)
	w.Header().Set("Content-Security-Policy", web.ShellPolicy(origin))
	servePage(w, page)
}

func (s *Server) shellRoot(w http.ResponseWriter, r *http.Request) {
	label := r.PathValue("label")
	if _, err := address.FromLabel(label); err != nil {
		fail(w, fault.New(fault.NotFound, "there is no app %.100q: %w", label, err))
		return
	}
	http.Redirect(w, r, "/app/"+url.PathEscape(label)+"/", http.StatusPermanentRedirect)
}

func servePage(w http.ResponseWriter, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	h.Set("X-Frame-Options", "DENY")
	_, _ = w.Write(page)
}

// asset is one file of web/dist/assets.
type asset struct {
	data        []byte
	contentType string
	etag        string
}

// newAssets serves the files below assets in dist. Their names are stable, so a
// browser asks again each time and is told 304.
func newAssets(dist fs.FS) (http.Handler, error) {
	files, err := assetFiles(dist)
	if err != nil {
		return nil, err
	}
	assets := map[string]asset{}
	for name, data := range files {
		sum := sha256.Sum256(data)
		assets[name] = asset{data, typeOf(name), `"` + hex.EncodeToString(sum[:16]) + `"`}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[r.URL.Path]
		if !ok {
			fail(w, fault.New(fault.NotFound, "there is no %.200q", r.URL.Path))
			return
		}
		w.Header().Set("Content-Type", a.contentType)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", a.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
	}), nil
}

// typeOf does not ask the system's tables, which may say anything.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
