package serve

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
)

// Protocol is the ALPN of connections, and the name of the transport on which
// what is served is told.
const Protocol = "kith-serve/1"

// idLength is how many characters a device's ID has (package nearby); a name
// follows it in a host.
const idLength = 16

// maxServeName keeps nearby-<id><name> one DNS label.
const maxServeName = 63 - len("nearby-") - idLength

// maxServes bounds what one device serves.
const maxServes = 64

// Serve is something that this device serves to paired ones.
type Serve struct {
	// Name is letters and digits; "" is what the device's plain origin shows.
	Name string `json:"name"`
	// Folder, or Target, the URL of a web server on this computer or its network.
	Folder string `json:"folder,omitempty"`
	Target string `json:"target,omitempty"`
}

// Told is what a paired device learns of a Serve.
type Told struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // "folder" or "server"
}

// shelf is the set of what is served.
type shelf struct {
	mu       sync.RWMutex
	serves   map[string]Serve
	handlers map[string]http.Handler
	roots    map[string]*os.Root
}

// Name makes the name of a serve from that of a folder.
func Name(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), maxServeName)]
}

// Add serves a folder or a web server, in place of what had the name.
func (s *Server) Add(v Serve) error {
	if Name(v.Name) != v.Name {
		return fault.New(fault.Invalid, "%.100q cannot be the name of what is served", v.Name).
			WithHint("use at most %d lower-case letters and digits", maxServeName)
	}
	h, root, err := s.handler(v)
	if err != nil {
		return err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if _, old := s.shelf.serves[v.Name]; !old && len(s.shelf.serves) >= maxServes {
		return fault.New(fault.TooLarge, "%d things are served already", maxServes)
	}
	s.shelf.remove(v.Name)
	s.shelf.serves[v.Name], s.shelf.handlers[v.Name] = v, h
	if root != nil {
		s.shelf.roots[v.Name] = root
	}
	return s.keep()
}

// Remove ends serving by a name.
func (s *Server) Remove(name string) error {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if _, ok := s.shelf.serves[name]; !ok {
		return fault.New(fault.NotFound, "nothing is served by the name %.100q", name)
	}
	s.shelf.remove(name)
	return s.keep()
}

func (f *shelf) remove(name string) {
	if root := f.roots[name]; root != nil {
		_ = root.Close()
	}
	delete(f.roots, name)
	delete(f.serves, name)
	delete(f.handlers, name)
}

// List is what is served, by name.
func (s *Server) List() []Serve {
	s.shelf.mu.RLock()
	defer s.shelf.mu.RUnlock()
	out := make([]Serve, 0, len(s.shelf.serves))
	for _, v := range s.shelf.serves {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Serve) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (s *Server) told() []Told {
	var out []Told
	for _, v := range s.List() {
		kind := "server"
		if v.Folder != "" {
			kind = "folder"
		}
		out = append(out, Told{v.Name, kind})
	}
	return out
}

// keep writes what is served into the store. The shelf's lock is held.
func (s *Server) keep() error {
	if s.o.Keep == nil {
		return nil
	}
	list := make([]Serve, 0, len(s.shelf.serves))
	for _, v := range s.shelf.serves {
		list = append(list, v)
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.o.Keep(data)
}

// handler makes what answers for a serve.
func (s *Server) handler(v Serve) (http.Handler, *os.Root, error) {
	if (v.Folder == "") == (v.Target == "") {
		return nil, nil, fault.New(fault.Invalid, "either a folder or the URL of a web server is served")
	}
	if v.Folder != "" {
		return s.folder(v.Folder)
	}
	u, err := url.Parse(v.Target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, nil, fault.New(fault.Invalid, "%.200q is not the URL of a web server", v.Target).
			WithHint("write it as http://localhost:8123")
	}
	return s.proxy(u), nil, nil
}

// folder serves files below a folder, and follows no link out of it.
func (s *Server) folder(path string) (http.Handler, *os.Root, error) {
	if !filepath.IsAbs(path) {
		return nil, nil, fault.New(fault.Invalid, "%.200q is not the whole path of a folder", path)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		if p := new(fs.PathError); errors.As(err, &p) {
			err = p.Err // the path is said already
		}
		kind := fault.KindOf(err)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			kind = fault.Invalid
		}
		return nil, nil, fault.New(kind, "cannot serve %q: %w", path, err).WithHint("check the path of the folder")
	}
	files, texts := http.FileServerFS(root.FS()), text.New()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, texts.For(r.Header.Get("Accept-Language")).Text("a folder can be read only"), http.StatusMethodNotAllowed)
			return
		}
		for part := range strings.SplitSeq(r.URL.Path, "/") {
			if hidden(part) {
				http.Error(w, texts.For(r.Header.Get("Accept-Language")).Text("hidden files are not served"), http.StatusNotFound)
				return
			}
		}
		if !listing(w, r, root.FS(), texts, s.o.Log) {
			files.ServeHTTP(w, r)
		}
	}), root, nil
}

// proxy hands requests on to a web server, which sees them as its own visitors':
// Host, Origin and Referer name it, and X-Forwarded-* say where they came from.
func (s *Server) proxy(target *url.URL) http.Handler {
	own := target.Scheme + "://" + target.Host
	onward := &httputil.ReverseProxy{
		FlushInterval: -1,
		ErrorLog:      s.errors(),
		Transport:     s.upstream,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.SetXForwarded()
			p.Out.Host = target.Host
			for _, h := range []string{"Origin", "Referer"} {
				if v := p.In.Header.Get(h); v != "" {
					p.Out.Header.Set(h, rebase(v, "http://"+p.In.Host, own))
				}
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if l := r.Header.Get("Location"); l != "" {
				r.Header.Set("Location", relative(l, own))
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			s.o.Log.Debug("a served web server did not answer", "target", own, "error", err)
			http.Error(w, "the web server behind this address does not answer", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		duplex(w)
		onward.ServeHTTP(w, r)
	})
}

// duplex lets an answer begin while the request's body is still handed on. Without
// it the server closes the body with the answer's first octet, the transport that
// reads it to its end sees an error, and the answer is cut off.
func duplex(w http.ResponseWriter) { _ = http.NewResponseController(w).EnableFullDuplex() }

// rebase moves a URL from one origin to another; a URL of a third origin stays.
func rebase(v, from, to string) string {
	if rest, ok := strings.CutPrefix(v, from); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
		return to + rest
	}
	return v
}

// relative makes a URL of an origin one without it.
func relative(v, origin string) string {
	rest, ok := strings.CutPrefix(v, origin)
	switch {
	case !ok || rest != "" && rest[0] != '/':
		return v
	case rest == "":
		return "/"
	}
	return rest
}
