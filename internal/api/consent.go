package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/nearby/page"
)

// Pages is what the console decides about web pages that want to talk to devices
// nearby.
type Pages struct {
	// Desk has the questions and what was agreed to.
	Desk *consent.Desk
	// Server has the pages' connections.
	Server *page.Server
	// Device says what a device in the book is called; false for one that is not
	// in it.
	Device func(id string) (name string, ok bool)
}

// PageState is all that the console shows of web pages and devices nearby.
type PageState struct {
	Asks   []consent.Ask   `json:"asks"`
	Links  []page.Link     `json:"links"`
	Grants []consent.Grant `json:"grants"`
}

// AskAnswer is what a person says to a question.
type AskAnswer struct {
	// Allow is false for a question that is dismissed: the page is not told.
	Allow bool `json:"allow"`
	// Remember makes a permission of it.
	Remember bool `json:"remember"`
	// Device is the id of the one that was chosen, where the question wants one.
	Device string `json:"device,omitempty"`
}

// ConnectRequest asks to connect an origin of the web with this node.
type ConnectRequest struct {
	// Return is a URL of the origin, where the person came from.
	Return string `json:"return"`
}

// ConnectAnswer is where the person goes on.
type ConnectAnswer struct {
	Location string `json:"location"`
}

// pageRoutes adds what the console's owner does.
func (s *Server) pageRoutes(mux *table) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /api/v1/nearby/consent":                s.getConsent,
		"POST /api/v1/nearby/consent/asks/{id}":     s.postAsk,
		"DELETE /api/v1/nearby/consent/grants/{id}": s.deleteGrant,
		"DELETE /api/v1/nearby/consent/links/{id}":  s.deleteLink,
		"POST /api/v1/nearby/consent/connect":       s.postConnect,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if s.o.Pages == nil {
				fail(w, fault.New(fault.Unsupported, "nearby is switched off on this node").
					WithHint("set enabled in [nearby] of config.toml"))
				return
			}
			f(w, r)
		})
	}
}

func (s *Server) pageState() *PageState {
	if s.o.Pages == nil {
		return nil
	}
	return &PageState{Asks: s.o.Pages.Desk.Asks(), Links: s.o.Pages.Server.Links(), Grants: s.o.Pages.Desk.Grants()}
}

func (s *Server) getConsent(w http.ResponseWriter, _ *http.Request) { answer(w, s.pageState(), nil) }

func (s *Server) postAsk(w http.ResponseWriter, r *http.Request) {
	var a AskAnswer
	if err := decode(w, r, s.o.MaxBody, &a); err != nil {
		fail(w, err)
		return
	}
	done(w, s.answerAsk(r.PathValue("id"), a))
}

func (s *Server) answerAsk(id string, a AskAnswer) error {
	if !a.Allow {
		return s.o.Pages.Desk.Dismiss(id)
	}
	yes := consent.Answer{Remember: a.Remember}
	if a.Device != "" {
		name, ok := s.o.Pages.Device(a.Device)
		if !ok {
			return fault.New(fault.NotFound, "the device %.100q is not paired with this one", a.Device).
				WithHint("pair it first")
		}
		yes.Device = consent.Device{ID: a.Device, Name: name}
	}
	return s.o.Pages.Desk.Allow(id, yes)
}

func (s *Server) deleteGrant(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Pages.Desk.Revoke(r.PathValue("id")))
}

func (s *Server) deleteLink(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Pages.Server.End(r.PathValue("id")))
}

// postConnect gives the origin of a URL a capability, and says where to take it:
// to that origin, in the fragment, which is sent to no server.
func (s *Server) postConnect(w http.ResponseWriter, r *http.Request) {
	var q ConnectRequest
	if err := decode(w, r, s.o.MaxBody, &q); err != nil {
		fail(w, err)
		return
	}
	location, err := s.connect(q.Return)
	answer(w, ConnectAnswer{location}, err)
}

func (s *Server) connect(back string) (string, error) {
	u, err := secureOrigin(back)
	if err != nil {
		return "", err
	}
	capability, err := s.o.Pages.Desk.Connect(u.Scheme + "://" + u.Host)
	if err != nil {
		return "", err
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String() + "#" + url.Values{"kith-lp2p": {capability}, "kith-lp2p-node": {s.origin()}}.Encode(), nil
}

// secureOrigin reads a URL whose origin is a secure context, its host and scheme
// as a browser writes them in an Origin.
func secureOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || len(text) > 2048 {
		return nil, fault.New(fault.Invalid, "%.200q is no address of a page", text)
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	name := u.Hostname()
	ip, err := netip.ParseAddr(name)
	local := name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && ip.IsLoopback()
	if u.Scheme == "https" || u.Scheme == "http" && local {
		return u, nil
	}
	return nil, fault.New(fault.Forbidden, "%.200q is not a secure page", text).
		WithHint("only pages that came over https can talk to devices nearby")
}

// pageSocket is where pages of connected origins talk to the node. It is open to
// every origin of the web: what a page may is in its capability.
func (s *Server) pageSocket(w http.ResponseWriter, r *http.Request) {
	if s.o.Pages == nil {
		fail(w, fault.New(fault.NotFound, "there is no page %.200q here", r.URL.Path))
		return
	}
	s.o.Pages.Server.ServeOrigin(w, r)
}

// asking tells the shell of an app whether the person is asked something for it, and
// on which page of the console.
// Nobody but the shell's own page reads it: browsers say where a request comes
// from, and the app is on another origin.
func (s *Server) asking(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "same-origin" {
		fail(w, fault.New(fault.Forbidden, "this is for the page that shows the app"))
		return
	}
	a, err := address.FromLabel(r.PathValue("label"))
	if err != nil {
		fail(w, fault.New(fault.NotFound, "there is no app %.100q: %w", r.PathValue("label"), err))
		return
	}
	where := map[string]any{"asking": false}
	switch {
	case s.o.Pages != nil && s.o.Pages.Desk.Asking(a.Root().Key()):
		where = map[string]any{"asking": true, "at": "nearby"}
	case s.o.Apps != nil && s.o.Apps.Asking(r.PathValue("label")):
		where = map[string]any{"asking": true, "at": "apps"}
	}
	answer(w, where, nil)
}

// sendPages sends what changed about pages, as the event "pages".
func (s *Server) sendPages(stream *eventStream, last *change) error {
	if s.o.Pages == nil {
		return nil
	}
	return last.send(stream, s.pageState())
}
