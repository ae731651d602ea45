package api

import (
	"net/http"

	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// The routes by which a person decides what web apps may (spec/app-api.md). All that
// is shown comes from one document, app.State, which is also the data of the event
// "apps":
//
//	GET    /api/v1/apps?after=V                app.State; with after, as soon as its version is above V (at most 25 s)
//	GET    /api/v1/apps/held                   {"apps": [sharing.Held…]}: which have documents, connected or not
//	POST   /api/v1/apps/asks/{id}              app.Answer to a question
//	PATCH  /api/v1/apps/{label}                app.Change → app.Grant
//	DELETE /api/v1/apps/{label}                takes everything back; documents stay
//	DELETE /api/v1/apps/{label}/mounts/{id}    ends a mount
func (s *Server) appRoutes(mux *table) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /api/v1/apps":                        s.getApps,
		"GET /api/v1/apps/held":                   s.getHeld,
		"POST /api/v1/apps/asks/{id}":             s.postAppAnswer,
		"PATCH /api/v1/apps/{label}":              s.patchApp,
		"DELETE /api/v1/apps/{label}":             s.deleteApp,
		"DELETE /api/v1/apps/{label}/mounts/{id}": s.deleteMount,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if s.o.Apps == nil {
				fail(w, fault.New(fault.Unsupported, "private sharing is switched off on this node").
					WithHint("set enabled in [friends] of config.toml"))
				return
			}
			f(w, r)
		})
	}
}

// sendApps tells a stream of events what changed.
func (s *Server) sendApps(stream *eventStream, last *change) error {
	if s.o.Apps == nil {
		return nil
	}
	return last.send(stream, s.o.Apps.State())
}

func (s *Server) getApps(w http.ResponseWriter, r *http.Request) {
	follow(w, r, s.o.Apps.State, s.o.Apps.Changed)
}

// HeldApps are the apps that have documents.
type HeldApps struct {
	Apps []sharing.Held `json:"apps"`
}

func (s *Server) getHeld(w http.ResponseWriter, r *http.Request) {
	held, err := s.o.Sharing.Held(r.Context())
	answer(w, HeldApps{held}, err)
}

func (s *Server) postAppAnswer(w http.ResponseWriter, r *http.Request) {
	var a app.Answer
	err := decode(w, r, s.o.MaxBody, &a)
	if err == nil {
		err = s.o.Apps.Answer(r.Context(), r.PathValue("id"), a)
	}
	done(w, err)
}

func (s *Server) patchApp(w http.ResponseWriter, r *http.Request) {
	var c app.Change
	if err := decode(w, r, s.o.MaxBody, &c); err != nil {
		fail(w, err)
		return
	}
	g, err := s.o.Apps.ChangeGrant(r.Context(), r.PathValue("label"), c)
	answer(w, g, err)
}

func (s *Server) deleteApp(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Apps.Revoke(r.PathValue("label")))
}

func (s *Server) deleteMount(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Apps.Unmount(r.PathValue("label"), r.PathValue("id")))
}
