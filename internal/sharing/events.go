package sharing

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// Event says what changed of documents.
type Event struct {
	App string `json:"app,omitempty"`
	// Path is that of a document, or of what was asked for; empty when more changed
	// than is told: look at everything again.
	Path string `json:"path,omitempty"`
	ETag string `json:"etag,omitempty"`
	// Deleted says that there is no document at Path any more.
	Deleted bool `json:"deleted,omitempty"`
	// Friend is the ID of whose documents they are; empty for the person's own.
	// Without a path something of theirs changed, of whatever app: ask again.
	Friend string `json:"friend,omitempty"`
	// Question is the ID of the one that was answered: ask for Path again, and there
	// is the answer.
	Question string `json:"question,omitempty"`
}

// mostEvents wait for who watches; then one that says to look at everything
// takes their place.
const mostEvents = 256

// Watch tells what changes of one app's documents, friends' among them, from now on
// until ctx ends. Who is slow is told less: see Event.Path. The channel is closed
// at the end.
func (s *Service) Watch(ctx context.Context, app string) <-chan Event {
	w := &watcher{app: app, some: make(chan struct{}, 1)}
	s.events.add(w)
	out := make(chan Event)
	go func() {
		defer close(out)
		defer s.events.remove(w)
		for {
			select {
			case <-w.some:
			case <-ctx.Done():
				return
			}
			for _, e := range w.take() {
				select {
				case out <- e:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// events are told to watchers. Nobody who tells waits for them.
type events struct {
	mu       sync.Mutex
	watchers []*watcher
}

// watcher is what waits for one of them.
type watcher struct {
	app  string
	mu   sync.Mutex
	list []Event
	some chan struct{} // has an element when the list is not empty
}

func (v *events) add(w *watcher) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watchers = append(v.watchers, w)
}

func (v *events) remove(w *watcher) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watchers = slices.DeleteFunc(v.watchers, func(o *watcher) bool { return o == w })
}

// tell tells everybody who watches an app, or, where no document is named, everybody.
func (v *events) tell(e Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range v.watchers {
		if e.Path == "" || e.App == w.app {
			w.put(e)
		}
	}
}

func (w *watcher) put(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.App = w.app
	same := func(o Event) bool { return o == e || o == Event{App: w.app} }
	switch {
	case slices.ContainsFunc(w.list, same):
	case e == Event{App: w.app} || len(w.list) >= mostEvents:
		w.list = []Event{{App: w.app}}
	default:
		w.list = append(w.list, e)
	}
	select {
	case w.some <- struct{}{}:
	default:
	}
}

func (w *watcher) take() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = nil
	return list
}

// changed tells of a document of the person.
func (v *events) changed(e library.Event) {
	if e.Record == "" {
		v.tell(Event{App: e.App, Path: e.Path, ETag: e.Tag, Deleted: e.Path != "" && e.Tag == ""})
	}
}

// arrived tells that a friend answered.
func (h *home) arrived(a exchange.Asked) {
	if r, ok := h.person.Relation(a.To); !ok || r.Kind != seal.Friend {
		return
	}
	app, path := library.SplitPath(strings.TrimPrefix(a.Request.Path, "/"))
	if path == "" {
		path = "/" // the listing of all
	}
	h.s.events.tell(Event{App: app, Path: path, Friend: hexID(h.stable(a.To)), Question: hex.EncodeToString(a.ID[:])})
}
