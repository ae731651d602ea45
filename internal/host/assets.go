package host

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// asset is one file of the runtime.
type asset struct {
	contentType string
	plain, gzip []byte // gzip is nil where it is no shorter
	etag        string
	page        bool
}

// assets are the runtime's files, in memory.
type assets struct {
	byName map[string]*asset
	policy string
}

// newAssets reads the files. A page, name.html, is served as name.
func newAssets(files fs.FS, policy string) (*assets, error) {
	all := &assets{byName: map[string]*asset{}, policy: policy}
	if files == nil {
		return all, nil
	}
	entries, err := fs.ReadDir(files, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the runtime's files: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the runtime's files: %w", err)
		}
		name, page := strings.CutSuffix(e.Name(), ".html")
		all.byName[name] = newAsset(typeOf(e.Name()), data, page)
	}
	return all, nil
}

func newAsset(contentType string, data []byte, page bool) *asset {
	sum := sha256.Sum256(data)
	out := &asset{contentType: contentType, plain: data, page: page, etag: base64.RawURLEncoding.EncodeToString(sum[:12])}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return out
	}
	_, err = w.Write(data)
	if errors.Join(err, w.Close()) == nil && packed.Len() < len(data) {
		out.gzip = packed.Bytes()
	}
	return out
}

// typeOf is the media type of a file of the runtime.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// serve answers with a file; false when there is none of that name.
func (all *assets) serve(a *answer, name string) bool {
	f := all.byName[name]
	if f == nil {
		return false
	}
	head := a.Header()
	head.Set("Cache-Control", "no-cache")
	head.Set("Vary", "Accept-Encoding")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	if name == "worker.js" {
		head.Set("Service-Worker-Allowed", "/")
	}
	if f.page {
		head.Set("Content-Security-Policy", all.policy)
	}
	data, tag := f.plain, f.etag
	if f.gzip != nil && hasToken(a.r.Header.Values("Accept-Encoding"), "gzip") {
		data, tag = f.gzip, tag+".gz"
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Etag", `"`+tag+`"`)
	if hasToken(a.r.Header.Values("If-None-Match"), `"`+tag+`"`) {
		head.Del("Content-Encoding")
		a.WriteHeader(http.StatusNotModified)
		return true
	}
	a.body(http.StatusOK, f.contentType, data)
	return true
}
