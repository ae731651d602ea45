package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	kithapp "github.com/kith-web/kith/internal/app"
)

// app is a page of an app's origin, which the node serves.
type app struct {
	*world
	d, node *document
	label   string
}

// newApp publishes a folder and opens it as an app.
func newApp(t testing.TB, w *world) *app {
	t.Helper()
	a := &app{world: w, d: load(t, "app"), node: load(t, "node")}
	lines := w.call(t, a.node, "publish", nil, object{"folder": w.site}, 200)
	last := lines[strings.LastIndexByte(strings.TrimSpace(string(lines)), '\n')+1:]
	result := decode[struct {
		Result struct{ WTP string }
	}](t, last)
	opened := decode[struct{ Label string }](t, w.call(t, a.node, "openSite", nil, object{"address": result.Result.WTP, "mode": "app"}, 200))
	a.label = opened.Label
	return a
}

// request begins one of an operation, as a browser sends it for a page of the app.
func (a *app) request(o *operation) *request {
	r := &request{op: o, method: o.method, header: http.Header{}, host: a.label + ".localhost:" + a.port, path: o.path}
	r.header.Set("Sec-Fetch-Site", "same-origin")
	if r.method != http.MethodGet {
		r.header.Set("Origin", "http://"+r.host)
	}
	return r
}

// call is world.call for the app.
func (a *app) call(t testing.TB, id string, params values, body any, status int) []byte {
	t.Helper()
	r := a.request(a.d.find(t, id))
	r.patient = true
	a.fill(t, r, params, body)
	got := a.answer(t, a.d, r)
	if got.status != status {
		t.Fatalf("%s %v is answered %d, want %d: %s", id, params, got.status, status, got.body)
	}
	return got.body
}

// person answers what the app asks, until the test ends: yes, and of what is to be
// mounted the person's own photo or notes. They refuse those who ask at "refused".
func (a *app) person(t testing.TB) (stop func()) {
	t.Helper()
	var group sync.WaitGroup
	done := make(chan struct{})
	group.Go(func() {
		state := appState{}
		for {
			var err error
			if state, err = a.asks(state.Version); err != nil {
				t.Error(err)
				return
			}
			for _, ask := range state.Asks {
				answer := object{"allow": !strings.Contains(ask.Path, "refused"), "audience": object{"kind": "nobody"}, "pick": object{"path": "photo.jpg"}}
				if strings.HasSuffix(ask.Path, "/") {
					answer["pick"] = object{"path": "notes/", "writable": true}
				}
				r := a.world.request(a.node.find(t, "answerApp"))
				a.fill(t, r, values{"id": ask.ID}, answer)
				if _, err := a.send(r); err != nil { // it may not be asked any more
					t.Error(err)
				}
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}

type appState struct {
	Version uint64
	Asks    []struct{ ID, Path string }
	Apps    []struct{ Label string }
}

// asks waits for a newer state for a moment.
func (a *app) asks(after uint64) (s appState, err error) {
	r := a.world.request(a.node.find(a.t, "getApps"))
	if after > 0 {
		r.path += fmt.Sprint("?after=", after)
	}
	got, err := a.send(r)
	if err != nil {
		return s, err
	}
	if got.waited {
		return appState{Version: after}, nil
	}
	return s, json.Unmarshal(got.body, &s)
}

// furnishApp connects the app and gives it documents and mounts.
func (a *app) furnish(t testing.TB) {
	t.Helper()
	a.world.furnish(t, a.node)
	a.call(t, "connect", nil, object{"app": "album", "title": "Album", "wants": []string{"data", "friends", "share"}}, 200)
	for _, path := range []string{"posts/1", "posts/2", "one.json"} {
		a.call(t, "putDocument", values{"path": path}, []byte(`{"a":1}`), 201)
	}
	a.call(t, "getDocument", nil, nil, 200)
}

// TestAppsAreAnsweredAsDescribed sends requests at random, as pages of an app.
func TestAppsAreAnsweredAsDescribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := newApp(t, w)
	stop := a.person(t)
	defer stop()
	a.furnish(t)
	x := &run{w: w, d: a.d, seed: seed(t), begin: a.request, rare: map[string]int{}}
	x.do(t, duration(t, 800*time.Millisecond))
	a.call(t, "hello", nil, nil, 200) // it still answers
}

// TestAppMethodsAreThoseThatAreAllowed holds what the node says in Allow against
// the document, so that a method in either is in both.
func TestAppMethodsAreThoseThatAreAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := newApp(t, w)
	stop := a.person(t)
	defer stop()
	a.furnish(t)
	id := decode[struct{ ID string }](t, a.call(t, "mount", nil, object{"at": "pictures/"}, 201)).ID
	places := map[string]bool{}
	for _, o := range a.d.ops {
		for _, path := range []string{"posts/1", "posts/"} {
			r := a.request(o)
			r.op, r.method = nil, "TRACE"
			r.path = strings.NewReplacer("{path}", path, "{id}", id, "{friend}", "0011223344556677").Replace(o.path)
			places[strings.Split(r.path, "/")[2]] = true
			got, err := w.send(r)
			must(t, err)
			if got.status != http.StatusMethodNotAllowed {
				t.Errorf("TRACE %s is answered %d %s", r.path, got.status, got.body)
			}
			for _, m := range strings.Split(got.header.Get("Allow"), ", ") {
				if m != "HEAD" && !slices.ContainsFunc(a.d.ops, func(x *operation) bool { return x.path == o.path && x.method == m }) {
					t.Errorf("%s allows %s, which is not described", r.path, m)
				}
			}
			// A method is for documents, for folders or for both.
			folder := strings.HasSuffix(path, "/")
			if oneOf := map[string]bool{"PUT": false, "PATCH": false, "POST": true}; !strings.Contains(got.header.Get("Allow"), o.method) {
				if forFolder, ok := oneOf[o.method]; !ok || forFolder == folder {
					t.Errorf("%s does not allow %s, which is described: %q", r.path, o.method, got.header.Get("Allow"))
				}
			}
		}
	}
	for _, place := range kithapp.Places() {
		if !places[place] {
			t.Errorf("/.kith/%s is answered, and not described", place)
		}
	}
}
