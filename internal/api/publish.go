package api

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/publish"
)

// PublishRequest asks to publish a folder of this computer.
type PublishRequest struct {
	// Folder is its absolute path.
	Folder string `json:"folder"`
	// Name makes the site mutable under that name.
	Name string `json:"name,omitempty"`
	// Title is what the site calls itself; "" for the folder's name.
	Title string `json:"title,omitempty"`
	// Hybrid makes a BitTorrent v1 + v2 torrent.
	Hybrid bool `json:"hybrid,omitempty"`
	// Watch publishes again after every change, until the client hangs up.
	Watch bool `json:"watch,omitempty"`
	// Trackers and WebSeeds are written into the torrent.
	Trackers []string `json:"trackers,omitempty"`
	WebSeeds []string `json:"webSeeds,omitempty"`
}

// PublishEvent is one line of the answer: one of its fields is set, or it is
// an error in the form of package fault.
type PublishEvent struct {
	Progress *publish.Progress    `json:"progress,omitempty"`
	Result   *publish.Publication `json:"result,omitempty"`
	// Failed says, while watching, why a change could not be published, in the
	// form of package fault; watching goes on.
	Failed json.RawMessage `json:"failed,omitempty"`
}

// Publications is the answer that lists them.
type Publications struct {
	Publications []publish.Publication `json:"publications"`
}

func (s *Server) publisher() (*publish.Publisher, error) {
	if s.o.Publisher == nil {
		return nil, fault.New(fault.Unsupported, "there is no engine to publish with").
			WithHint("enable [bittorrent] or [ipfs] in config.toml and start the node again")
	}
	return s.o.Publisher, nil
}

func (s *Server) postPublish(w http.ResponseWriter, r *http.Request) {
	var q PublishRequest
	if err := decode(w, r, s.o.MaxBody, &q); err != nil {
		fail(w, err)
		return
	}
	if !filepath.IsAbs(q.Folder) {
		fail(w, fault.New(fault.Invalid, "%q is not an absolute path", q.Folder))
		return
	}
	lines := newLines(w)
	lines.end(s.publish(r.Context(), q, lines))
}

// publish does what q says and writes progress and results to lines.
func (s *Server) publish(ctx context.Context, q PublishRequest, lines *lines) error {
	p, err := s.publisher()
	if err != nil {
		return err
	}
	request := publish.Request{
		Folder: q.Folder, Name: q.Name, Title: q.Title, Hybrid: q.Hybrid, Trackers: q.Trackers, WebSeeds: q.WebSeeds,
	}
	progress := func(now publish.Progress) { lines.write(PublishEvent{Progress: &now}) }
	if q.Watch {
		return p.Watch(ctx, request, progress, func(result publish.Publication, err error) {
			if err != nil {
				lines.write(PublishEvent{Failed: lines.encode(err)})
				return
			}
			lines.write(PublishEvent{Result: &result})
		})
	}
	result, err := p.Publish(ctx, request, progress)
	if err != nil {
		return err
	}
	lines.write(PublishEvent{Result: &result})
	return nil
}

func (s *Server) getPublications(w http.ResponseWriter, _ *http.Request) {
	list := Publications{Publications: []publish.Publication{}}
	if s.o.Publisher != nil {
		all, err := s.o.Publisher.Publications()
		if err != nil {
			fail(w, err)
			return
		}
		list.Publications = append(list.Publications, all...)
	}
	answer(w, list, nil)
}

func (s *Server) deletePublication(w http.ResponseWriter, r *http.Request) {
	done(w, s.forget(r.Context(), func(p publish.Publication) bool { return p.ID == r.PathValue("id") }))
}

// forget stops publishing what matches, and deletes the copies that uploads
// made of it.
func (s *Server) forget(ctx context.Context, matches func(publish.Publication) bool) error {
	p, err := s.publisher()
	if err != nil {
		return err
	}
	all, err := p.Publications()
	if err != nil {
		return err
	}
	for _, one := range all {
		if !matches(one) {
			continue
		}
		if err := p.Forget(ctx, one.ID); err != nil {
			return err
		}
		return s.uploads.discard(one.Folder)
	}
	return fault.New(fault.NotFound, "there is no such publication")
}

// uploadPublishRequest asks to publish an upload.
type uploadPublishRequest struct {
	// Site is the name of the folder that was dragged in.
	Site   string `json:"site"`
	Name   string `json:"name"`
	Hybrid bool   `json:"hybrid"`
}

func (s *Server) publishUpload(w http.ResponseWriter, r *http.Request) {
	var q uploadPublishRequest
	if err := decode(w, r, s.o.MaxBody, &q); err != nil {
		fail(w, err)
		return
	}
	if q.Site == "" {
		q.Site = "site"
	}
	folder, err := s.uploads.finish(r.PathValue("id"), q.Site)
	if err != nil {
		fail(w, err)
		return
	}
	lines := newLines(w)
	err = s.publish(r.Context(), PublishRequest{Folder: folder, Name: q.Name, Hybrid: q.Hybrid}, lines)
	if err != nil {
		if clean := s.uploads.discard(folder); clean != nil {
			s.o.Log.Warn("cannot remove an upload", "folder", folder, "error", clean)
		}
	}
	lines.end(err)
}

// lines writes an answer of one JSON value a line, each sent at once.
type lines struct {
	w       http.ResponseWriter
	started bool
}

// encode is an error in the language of whoever reads it.
func (l *lines) encode(err error) []byte {
	return fault.Encode(fault.Localize(err, languageOf(l.w)))
}

func newLines(w http.ResponseWriter) *lines { return &lines{w: w} }

func (l *lines) write(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		data = l.encode(err)
	}
	l.raw(data)
}

func (l *lines) raw(data []byte) {
	if !l.started {
		l.started = true
		l.w.Header().Set("Content-Type", "application/x-ndjson")
	}
	_, _ = l.w.Write(append(data, '\n'))
	_ = http.NewResponseController(l.w).Flush()
}

// end writes err, if there is one: as the whole answer when nothing else was
// written, else as its last line.
func (l *lines) end(err error) {
	switch {
	case err == nil:
	case l.started:
		l.raw(l.encode(err))
	default:
		fail(l.w, err)
	}
}
