package front

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// ServeHTTP answers as the website would: from the cache what is fresh and there,
// everything else by the origin server. What a visitor's request brought about
// never enters the manifest: its headers could have changed it for everybody. The
// path is asked for again, without them, if the visitor got what may enter.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RequestURI()
	switch {
	case r.Method == http.MethodConnect || r.Method == http.MethodTrace:
		http.Error(w, "this method is not for a website", http.StatusMethodNotAllowed)
		return
	case !strings.HasPrefix(r.URL.Path, "/"):
		http.Error(w, "this is not a path of a website", http.StatusBadRequest)
		return
	case strings.HasPrefix(r.URL.Path, "/.kith/"):
		http.NotFound(w, r)
		return
	}
	if plain(r) && f.fromCache(w, r, path) {
		return
	}
	if plain(r) && f.book.get(path) == nil && f.book.may(path) {
		r = r.WithContext(context.WithValue(r.Context(), wantedKey{}, path))
	}
	// An answer may begin while the request's body is still handed on: a server
	// closes the body otherwise, and the answer would be cut off.
	_ = http.NewResponseController(w).EnableFullDuplex()
	f.proxy.ServeHTTP(w, r)
}

// fromCache answers a request with what is in the cache. Where that is stale, the
// origin server is asked whether it changed; while it does not answer, what is
// stale is better than nothing (RFC 9111 §4.2.4).
func (f *Front) fromCache(w http.ResponseWriter, r *http.Request, path string) bool {
	e := f.book.get(path)
	if e == nil {
		return false
	}
	if !f.now().Before(e.Fresh) {
		again, err := f.renew(r.Context(), path)
		switch {
		case err == nil:
			e = again
		case fault.KindOf(err) != fault.Unreachable:
			return false
		}
	}
	if e == nil || !f.whole(e) {
		return false
	}
	f.serve(w, r, e)
	return true
}

// whole reports whether every piece of e is in the cache.
func (f *Front) whole(e *entry) bool {
	for i := range e.Hashes {
		if !f.cache.has(e.hash(i)) {
			return false
		}
	}
	return true
}

func (f *Front) serve(w http.ResponseWriter, r *http.Request, e *entry) {
	h := w.Header()
	for name, value := range e.Headers {
		h.Set(name, value)
	}
	if e.Type != "" {
		h.Set("Content-Type", e.Type)
	} else {
		h["Content-Type"] = nil // the website says none: none is guessed
	}
	if strong(e.ETag) {
		h.Set("ETag", e.ETag)
	}
	modified, _ := http.ParseTime(e.Modified)
	http.ServeContent(w, r, "", modified, &reader{ctx: r.Context(), f: f, e: e})
}

func (f *Front) newProxy(transport http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(f.origin)
			p.SetXForwarded()
		},
		ModifyResponse: f.modify,
		ErrorHandler:   f.failed,
		FlushInterval:  -1,
	}
}

// wantedKey is the context key of a visitor's path that might be for the manifest.
type wantedKey struct{}

// note has a visitor's path looked at, if the answer to the visitor lets it. A
// website may answer the front, which asks from its own computer, what it answers
// nobody else.
func (f *Front) note(r *http.Response) {
	path, ok := r.Request.Context().Value(wantedKey{}).(string)
	switch r.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusNotModified:
	default:
		return
	}
	if !ok {
		return
	}
	h := r.Header.Clone()
	h.Del("Content-Encoding") // which the visitor asked for
	h.Del("Content-Range")
	if _, public := f.o.public(h, f.now()); public && (f.book.knows(path) || explicit(h)) {
		f.links.visited(path, f.now())
	}
}

// modify changes an answer of the origin server on its way to a visitor.
func (f *Front) modify(r *http.Response) error {
	f.note(r)
	r.Header.Del("Alt-Svc") // of another server than the visitor's
	if location := r.Header.Get("Location"); location != "" {
		r.Header.Set("Location", f.public(location))
	}
	return nil
}

// public makes the URL of a redirect one of the public site, where it leads to the
// origin server itself.
func (f *Front) public(location string) string {
	u, err := url.Parse(location)
	if err != nil || !strings.EqualFold(u.Host, f.origin.Host) || u.Scheme != f.origin.Scheme {
		return location
	}
	u.Scheme, u.Host, u.User = "", "", nil
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	return f.o.Site + u.String()
}

func (f *Front) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil || errors.Is(err, context.Canceled) {
		w.WriteHeader(499)
		return
	}
	f.o.Log.Warn("the website does not answer", "origin", f.origin.String(), "error", err)
	w.Header().Set("Cache-Control", "no-store")
	l := f.texts.For(r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", l.Tag())
	http.Error(w, l.Text("The website does not answer at the moment. Try again in a little while."), http.StatusBadGateway)
}
