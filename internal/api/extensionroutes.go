package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// extensionRoutes are the owner's.
func (s *Server) extensionRoutes(mux *table) {
	mux.HandleFunc("GET /api/v1/extensions", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.extensions.list(time.Now()), nil)
	})
	mux.HandleFunc("POST /api/v1/extensions/asking/{id}", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Allow bool `json:"allow"`
		}
		err := decode(w, r, s.o.MaxBody, &q)
		if err == nil {
			err = s.extensions.answer(r.PathValue("id"), q.Allow, time.Now())
		}
		done(w, err)
	})
	mux.HandleFunc("DELETE /api/v1/extensions/{id}", func(w http.ResponseWriter, r *http.Request) {
		done(w, s.extensions.revoke(r.PathValue("id")))
	})
}

// extensionDoors are where an extension without a token knocks. A browser sends
// the Origin with them, and no web page can send an extension's.
func (s *Server) extensionDoors(mux *table) {
	mux.Handle("POST /api/v1/extensions/ask", s.knock(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Name      string `json:"name"`
			Challenge string `json:"challenge"`
		}
		var out struct {
			Code string `json:"code"`
		}
		err := decode(w, r, s.o.MaxBody, &q)
		if err == nil {
			out.Code, err = s.extensions.ask(r.Header.Get("Origin"), q.Name, q.Challenge, time.Now())
		}
		answer(w, out, err)
	}))
	mux.Handle("POST /api/v1/extensions/claim", s.knock(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Secret string `json:"secret"`
		}
		var out struct {
			Token string `json:"token"`
		}
		err := decode(w, r, s.o.MaxBody, &q)
		if err == nil {
			out.Token, err = s.extensions.claim(r.Header.Get("Origin"), q.Secret, time.Now())
		}
		answer(w, out, err)
	}))
}

// knock admits extensions of this user's browsers.
func (s *Server) knock(next http.HandlerFunc) http.Handler {
	return s.hostOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isExtension(r.Header.Get("Origin")) {
			fail(w, fault.New(fault.Forbidden, "this is for browser extensions"))
			return
		}
		if err := checkOpener(r); err != nil {
			fail(w, err)
			return
		}
		next(w, r)
	}))
}

// withExtensions hands requests with an extension's token to the few routes that
// are for extensions, and every other to next.
func (s *Server) withExtensions(next http.Handler) http.Handler {
	mux := newTable(&s.patterns)
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /api/v1/sites/{label}":   s.getSite,
		"PATCH /api/v1/sites/{label}": s.keepSite,
		"POST /api/v1/open":           s.openForExtension,
		"GET /api/v1/resolve":         s.getResolve,
		"GET /api/v1/version":         s.getVersion,
	} {
		mux.HandleFunc(pattern, f)
	}
	mux.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, fault.New(fault.Forbidden, "extensions may not %s %.200q", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, extensionToken) {
			next.ServeHTTP(w, r)
			return
		}
		if err := s.guard.host(r); err != nil {
			fail(w, err)
			return
		}
		e, ok := s.extensions.holder(token)
		switch origin := r.Header.Get("Origin"); {
		case !ok:
			fail(w, fault.New(fault.Unauthorized, "this extension is not connected").WithHint("connect it again from its popup"))
		case origin != "" && origin != e.Origin:
			fail(w, fault.New(fault.Forbidden, "this token is another's than that of %.100q", origin))
		default:
			mux.mux.ServeHTTP(w, r)
		}
	})
}

func (s *Server) getVersion(w http.ResponseWriter, _ *http.Request) {
	answer(w, struct {
		Version string `json:"version"`
		Console string `json:"console"`
	}{s.o.Version, s.Console()}, nil)
}

// keepSite is patchSite for an extension, which may keep a site that is known and
// let it go, and nothing else.
func (s *Server) keepSite(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Pinned bool `json:"pinned"`
	}
	known, err := s.labelled(r)
	if err == nil {
		err = decode(w, r, s.o.MaxBody, &q)
	}
	if err == nil {
		known, err = s.o.Sites.Pin(known.Address, q.Pinned)
	}
	answer(w, known, err)
}

func (s *Server) openForExtension(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Address string `json:"address"`
	}
	var o Opened
	err := decode(w, r, s.o.MaxBody, &q)
	if err == nil {
		_, err = bounded(q.Address)
	}
	if err == nil {
		o, err = s.open(r.Context(), OpenRequest{Address: q.Address})
	}
	answer(w, o, err)
}
