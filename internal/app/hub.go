package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/sharing"
)

const (
	// keptEvents is how many events wait for a page that comes back.
	keptEvents = 512
	// linger is how long an app without pages is listened to, for those that come
	// back at once.
	linger = time.Minute
)

// event is one of spec/app-api.md §5.
type event struct {
	id   int64
	kind string
	data []byte
	path string // of a document
}

// hubs collect the events of each origin that has a page listening.
type hubs struct {
	h    *Host
	ctx  context.Context
	stop context.CancelFunc
	wait sync.WaitGroup

	mu  sync.Mutex
	all map[string]*hub
}

// hub has the last events of one origin.
type hub struct {
	label   string
	ready   chan struct{} // closed when changes are listened to
	mu      sync.Mutex
	events  []event
	last    int64
	more    chan struct{} // closed with the next event
	streams int
	idle    *time.Timer
	poke    chan struct{} // what the app may changed
	stop    context.CancelFunc
}

func newHubs(h *Host) *hubs {
	s := &hubs{h: h, all: map[string]*hub{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

func (s *hubs) close() {
	s.stop()
	s.wait.Wait()
}

// join begins to listen for an origin, if nobody does; nil when it has too many
// streams.
func (s *hubs) join(from Origin) *hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.all[from.Label]
	if b == nil {
		b = &hub{label: from.Label, ready: make(chan struct{}), last: s.h.o.Now().UnixMicro(), more: make(chan struct{}), poke: make(chan struct{}, 1)}
		ctx, stop := context.WithCancel(s.ctx)
		b.stop = stop
		s.all[from.Label] = b
		s.wait.Go(func() { s.listen(ctx, b, from) })
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.streams >= s.h.o.MaxStreams {
		return nil
	}
	b.streams++
	if b.idle != nil {
		b.idle.Stop()
		b.idle = nil
	}
	return b
}

// leave ends listening when nobody comes back for a while.
func (s *hubs) leave(b *hub) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.streams--; b.streams == 0 {
		b.idle = time.AfterFunc(linger, func() { s.drop(b) })
	}
}

func (s *hubs) drop(b *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.streams == 0 && s.all[b.label] == b {
		delete(s.all, b.label)
		b.stop()
	}
}

func (s *hubs) of(label string) *hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[label]
}

// granted has an origin's hub look at what it may anew.
func (s *hubs) granted(label string) {
	if b := s.of(label); b != nil {
		select {
		case b.poke <- struct{}{}:
		default:
		}
	}
}

// tell tells the pages of an origin, if there are any.
func (s *hubs) tell(label, kind string, data any) {
	if b := s.of(label); b != nil {
		b.put(kind, data, "")
	}
}

func (b *hub) put(kind string, data any, path string) {
	text, err := json.Marshal(data)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	b.events = append(b.events, event{b.last, kind, text, path})
	if len(b.events) > keptEvents {
		b.events = slices.Delete(b.events, 0, len(b.events)-keptEvents)
	}
	close(b.more)
	b.more = make(chan struct{})
}

// after are the events behind an id, and a channel that is closed when there are
// more. gap is true when some are missing.
func (b *hub) after(id int64) (events []event, more <-chan struct{}, last int64, gap bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.last - int64(len(b.events)) // the id before the first that is kept
	if id < first || id > b.last {
		return nil, b.more, b.last, true
	}
	return slices.Clone(b.events[id-first:]), b.more, b.last, false
}

// listen collects events until ctx ends. What the app may changes what is listened
// to; nothing is missed meanwhile.
func (s *hubs) listen(ctx context.Context, b *hub, from Origin) {
	told, end := s.standing(ctx, from), func() {}
	for first := true; ctx.Err() == nil; first = false {
		next := s.watchAll(ctx, b)
		end()
		if end = next; first {
			close(b.ready)
		}
		told = s.stand(ctx, b, from, told)
	}
	end()
}

// watchAll begins to watch what an app has, and returns how that ends.
func (s *hubs) watchAll(ctx context.Context, b *hub) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	if g := s.h.grants.of(b.label); g.has(GrantData) {
		for _, app := range watched(g) {
			events := s.h.o.Sharing.Watch(ctx, app) // from now on
			watching.Go(func() { s.watch(ctx, b, g, app, events) })
		}
	}
	return func() {
		stop()
		watching.Wait()
	}
}

// watched are the apps whose documents an app has: its own first.
func watched(g *Grant) []string {
	apps := []string{g.App}
	for _, m := range g.Mounts {
		if !slices.Contains(apps, m.App) {
			apps = append(apps, m.App)
		}
	}
	return apps
}

// standing is what an app is told of itself and of friends, to see whether it
// changed.
type standing struct {
	hello   string
	friends string
}

func (s *hubs) standing(ctx context.Context, from Origin) standing {
	g := s.h.grants.of(from.Label)
	out := standing{hello: marshal(s.h.greet(from, g))}
	if !g.has(GrantData) {
		return out
	}
	seen, err := s.h.see(ctx, g)
	if err != nil {
		return out
	}
	list := seen.list()
	for i := range list {
		list[i].Heard = nil // that is heard of by what they say
	}
	out.friends = marshal(list)
	return out
}

func marshal(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

// stand tells of changes of the standing until what the app may changed, or ctx
// ends.
func (s *hubs) stand(ctx context.Context, b *hub, from Origin, told standing) standing {
	changes := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go s.follow(ctx, changes)
	for {
		poked := false
		select {
		case <-ctx.Done():
			return told
		case <-b.poke:
			poked = true
		case <-changes:
		}
		now := s.standing(ctx, from)
		if now.hello != told.hello {
			b.put("connected", json.RawMessage(now.hello), "")
		}
		if now.friends != told.friends {
			b.put("friends", struct{}{}, "")
		}
		if told = now; poked {
			return told
		}
	}
}

// follow says when something of the person changed.
func (s *hubs) follow(ctx context.Context, changes chan<- struct{}) {
	for version := uint64(0); ; {
		var err error
		if version, err = s.h.o.Sharing.Await(ctx, version); err != nil {
			return
		}
		select {
		case changes <- struct{}{}:
		default:
		}
	}
}

// watch tells of changes of documents of one app that this one has, and of friends.
func (s *hubs) watch(ctx context.Context, b *hub, g *Grant, app string, events <-chan sharing.Event) {
	for e := range events {
		switch {
		case e.Question != "":
			for _, r := range s.h.asked.find(b.label, func(r request) bool { return r.Question == e.Question }) {
				s.h.look(ctx, r)
			}
		case e.Friend != "":
			if app == g.App {
				s.friend(ctx, b, g, e.Friend)
			}
		case e.Path == "":
			b.put("resync", struct{}{}, "")
		default:
			s.document(b, g, app, e)
		}
	}
}

func (s *hubs) friend(ctx context.Context, b *hub, g *Grant, id string) {
	seen, err := s.h.see(ctx, g)
	if err != nil {
		return
	}
	for _, f := range seen.circle.Friends {
		if f.ID == id && seen.sees(f) {
			b.put("friend", map[string]string{"friend": seen.handle(f)}, "")
		}
	}
}

// changedDocument is the data of the event document.
type changedDocument struct {
	Path    string `json:"path"`
	ETag    string `json:"etag,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
}

// document tells of a document under each path that the app has for it.
func (s *hubs) document(b *hub, g *Grant, app string, e sharing.Event) {
	c := call{h: s.h, grant: g}
	shown := []string{}
	if app == g.App {
		shown = append(shown, e.Path)
	}
	for _, m := range g.Mounts {
		if rest, ok := strings.CutPrefix(e.Path, m.Path); ok && m.Friend == "" && m.App == app && (rest == "" || isFolder(m.Path)) {
			shown = append(shown, m.At+rest)
		}
	}
	for _, path := range shown {
		if at := c.resolve(path); at.friend == "" && at.app == app && at.path == e.Path {
			b.put("document", changedDocument{path, e.ETag, e.Deleted}, path)
		}
	}
}
