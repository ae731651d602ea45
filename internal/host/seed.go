package host

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// serveBytes answers with data that will never be other data: to anybody, in
// parts too.
func (h *Host) serveBytes(a *answer, etag string, data []byte) {
	head := a.Header()
	crossOrigin(head, a.r)
	head.Set("Cache-Control", immutable)
	head.Set("Etag", etag)
	head.Set("Content-Type", "application/octet-stream")
	http.ServeContent(a, a.r, "", time.Time{}, bytes.NewReader(data))
}

// serveSeed answers as a web seed (BEP 19): /.kith/seed/ is the URL to give, and
// clients add the torrent's name and the file's path. Whatever the name, it is
// this site that is meant. The bytes are the file's own; what rules a site has
// for browsers are not for them.
func (h *Host) serveSeed(a *answer, rest string) error {
	_, name, found := strings.Cut(rest, "/")
	if !found {
		name = rest // a torrent of one file
	}
	if !fs.ValidPath(name) || name == "." {
		return nothing("seed/" + rest)
	}
	ctx, cancel := context.WithTimeout(a.r.Context(), h.o.Patience)
	defer cancel()
	handle, err := h.o.Sites.Open(ctx, a.site.site.Address)
	if err != nil {
		return err
	}
	defer handle.Close()
	file, err := handle.FS(a.r.Context()).Open(name)
	if n, ok := padding(name); ok && err != nil {
		servePadding(a, n)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	content, ok := file.(engine.File)
	if info.IsDir() || !ok {
		return fault.New(fault.NotFound, "%q is a folder", name)
	}
	head := a.Header()
	crossOrigin(head, a.r)
	head.Set("Cache-Control", revalidate)
	head.Set("Content-Type", "application/octet-stream")
	if id, ok := info.(engine.Identity); ok && id.ContentID() != "" {
		head.Set("Etag", `"`+id.ContentID()+`"`)
	}
	http.ServeContent(a, a.r, "", time.Time{}, content)
	return nil
}

// maxPadding is the longest padding there is reason for: just under a piece.
const maxPadding = 64 << 20

// padding reads the name that a padding file has (BEP 47): .pad/<its length>. No
// folder has such files, but clients that do not know of padding ask for them.
func padding(name string) (n int64, ok bool) {
	number, ok := strings.CutPrefix(name, ".pad/")
	n, err := strconv.ParseInt(number, 10, 64)
	return n, ok && err == nil && n >= 0 && n < maxPadding && strconv.FormatInt(n, 10) == number
}

// servePadding answers with n zero octets.
func servePadding(a *answer, n int64) {
	head := a.Header()
	crossOrigin(head, a.r)
	head.Set("Cache-Control", immutable)
	head.Set("Content-Type", "application/octet-stream")
	http.ServeContent(a, a.r, "", time.Time{}, io.NewSectionReader(zeros{}, 0, n))
}

// zeros is endless padding.
type zeros struct{}

// ReadAt implements io.ReaderAt.
func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
