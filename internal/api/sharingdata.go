package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// The routes of documents, with HTTP's semantics (RFC 9110). The query "app"
// names the app whose documents are meant; none is the person's own files.
//
//	GET    /api/v1/data/{path...}      the document: Range, If-None-Match; a path that is empty or ends in a slash
//	                                   lists what is below it; ?info has what is told of the document; ?label=…
//	PUT    /api/v1/data/{path...}      the body; If-Match and If-None-Match decide races (412). ?for=alice&for=list:family,
//	                                   ?for=all or ?for=nobody say who may see it, ?label=… (repeated) labels it
//	PATCH  /api/v1/data/{path...}      sharing.Change
//	DELETE /api/v1/data/{path...}      → sharing.Deleted; with a slash at the end, everything below

// listPrefix marks the name of a list among those of friends.
const listPrefix = "list:"

// AudienceOf reads names as a query or a flag gives them: friends, "list:" and the
// name of a list, "all" or "nobody"; nil for no names.
func AudienceOf(names []string) *sharing.Audience {
	if len(names) == 0 {
		return nil
	}
	a := &sharing.Audience{Kind: "some"}
	for _, name := range names {
		list, isList := strings.CutPrefix(name, listPrefix)
		switch {
		case name == "all", name == "nobody":
			a.Kind = name
		case isList:
			a.Lists = append(a.Lists, list)
		default:
			a.Friends = append(a.Friends, name)
		}
	}
	return a
}

func isListing(path string) bool { return path == "" || strings.HasSuffix(path, "/") }

// DocumentList is a listing of documents.
type DocumentList struct {
	Documents []sharing.Document `json:"documents"`
}

func (s *Server) getData(w http.ResponseWriter, r *http.Request) {
	path, q := r.PathValue("path"), r.URL.Query()
	if isListing(path) {
		list, err := s.o.Sharing.Documents(r.Context(), q.Get("app"), path, q.Get("label"))
		if list == nil {
			list = []sharing.Document{}
		}
		answer(w, DocumentList{list}, err)
		return
	}
	if q.Has("info") {
		d, err := s.o.Sharing.Document(r.Context(), q.Get("app"), path)
		answer(w, d, err)
		return
	}
	d, body, err := s.o.Sharing.Open(r.Context(), q.Get("app"), path)
	if err != nil {
		fail(w, err)
		return
	}
	defer func() { _ = body.Close() }()
	inert(w, d.Type)
	w.Header().Set("ETag", d.ETag)
	http.ServeContent(w, r, "", d.Modified, body)
}

// inert keeps what is in a document from acting on the console's origin, where
// it is answered: it is data, never a page.
func inert(w http.ResponseWriter, mediaType string) {
	h := w.Header()
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", "attachment")
}

func (s *Server) putData(w http.ResponseWriter, r *http.Request) {
	path, q := r.PathValue("path"), r.URL.Query()
	if isListing(path) {
		fail(w, fault.New(fault.Invalid, "%.200q is no name of a document", path).WithHint("give a path such as photos/1"))
		return
	}
	d, err := s.o.Sharing.Put(r.Context(), sharing.Put{
		Path: path, App: q.Get("app"), Type: r.Header.Get("Content-Type"), Labels: q["label"],
		Audience: AudienceOf(q["for"]), IfMatch: r.Header.Get("If-Match"), IfNoneMatch: r.Header.Get("If-None-Match"),
		Body: r.Body, Size: r.ContentLength,
	})
	conditional := r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
	switch {
	case err == nil:
		w.Header().Set("ETag", d.ETag)
	case conditional && fault.KindOf(err) == fault.Conflict:
		failWith(w, http.StatusPreconditionFailed, err)
		return
	}
	answer(w, d, err)
}

func (s *Server) patchData(w http.ResponseWriter, r *http.Request) {
	var c sharing.Change
	if err := decode(w, r, s.o.MaxBody, &c); err != nil {
		fail(w, err)
		return
	}
	d, err := s.o.Sharing.ChangeDocument(r.Context(), r.URL.Query().Get("app"), r.PathValue("path"), c)
	answer(w, d, err)
}

func (s *Server) deleteData(w http.ResponseWriter, r *http.Request) {
	deleted, err := s.o.Sharing.Delete(r.Context(), r.URL.Query().Get("app"), r.PathValue("path"))
	answer(w, deleted, err)
}

// longestWait is how long a request may wait for a friend, whatever it prefers.
const longestWait = 10 * time.Minute

// getFriendData asks a friend. "Prefer: wait=30" (RFC 7240 §4.3) says for how
// many seconds; when nobody answered by then it is 202, with where to look later.
// Kith-Until is how long the copy may be kept; "Kith-Stale: ?1" says that its
// owner could not be asked.
func (s *Server) getFriendData(w http.ResponseWriter, r *http.Request) {
	ask := sharing.Ask{
		Friend: r.PathValue("friend"), Path: "/" + r.PathValue("path"),
		Wait: preferredWait(r.Header.Get("Prefer")), Fresh: strings.Contains(r.Header.Get("Cache-Control"), "no-cache"),
	}
	if r.URL.RawQuery != "" {
		ask.Path += "?" + r.URL.RawQuery
	}
	a, err := s.o.Sharing.Ask(r.Context(), ask)
	s.friendAnswer(w, r, a, err)
}

func (s *Server) getQuestion(w http.ResponseWriter, r *http.Request) {
	a, err := s.o.Sharing.Question(r.Context(), r.PathValue("id"))
	s.friendAnswer(w, r, a, err)
}

// preferredWait reads the preference "wait"; without one it is 0, which does not wait.
func preferredWait(prefer string) time.Duration {
	for p := range strings.SplitSeq(prefer, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), "wait="); ok {
			if n, err := strconv.Atoi(v); err == nil && n >= 0 {
				return min(time.Duration(n)*time.Second, longestWait)
			}
		}
	}
	return 0
}

// friendAnswer hands a friend's answer on. What a friend sends is data, never a
// page of this origin.
func (s *Server) friendAnswer(w http.ResponseWriter, r *http.Request, a *sharing.Answer, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	h := w.Header()
	if a.Pending != "" {
		h.Set("Location", "/api/v1/questions/"+a.Pending)
		h.Set("Retry-After", "5")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	defer func() { _ = a.Body.Close() }()
	inert(w, a.Type)
	if a.ETag != "" {
		h.Set("ETag", a.ETag)
	}
	h.Set("Kith-Until", a.Until.Format(http.TimeFormat))
	if a.Stale {
		h.Set("Kith-Stale", "?1")
	}
	http.ServeContent(w, r, "", a.Modified, a.Body)
}

func (s *Server) deleteFriendData(w http.ResponseWriter, r *http.Request) {
	done(w, s.o.Sharing.Forget(r.Context(), r.PathValue("friend"), "/"+r.PathValue("path")))
}
