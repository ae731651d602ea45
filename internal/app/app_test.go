package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

func TestOnlyPagesOfTheOriginItselfAreAnswered(t *testing.T) {
	w := newWorld(t, app.Options{})
	p := w.page("album").connect("album")
	p.gets(201, "PUT", "data/x", "secret")
	for name, change := range map[string]func(*http.Request){
		"another site":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"typed by hand":          func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") },
		"no browser, or too old": func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") },
		"another Origin":         func(r *http.Request) { r.Header.Set("Origin", "http://evil.localhost:5484") },
		"a sandboxed page":       func(r *http.Request) { r.Header.Set("Origin", "null") },
		"a service worker":       func(r *http.Request) { r.Header.Set("Service-Worker", "script") },
	} {
		for _, path := range []string{"", "data/x", "events", "connect"} {
			r := p.request(t.Context(), "GET", path, "")
			change(r)
			out := httptest.NewRecorder()
			w.host.ServeHTTP(out, r, p.from)
			if got := body[problem](t, out); out.Code != 403 || got.Code != "origin" {
				t.Errorf("%s gets %d for %q: %s", name, out.Code, path, out.Body)
			}
		}
	}
}

func TestAPlainSiteHasNothing(t *testing.T) {
	w := newWorld(t, app.Options{})
	p := w.page("album").connect("album")
	p.from.App = false
	if got := body[map[string]any](t, p.gets(200, "GET", "", "")); got["app"] != "" || got["ready"] != false || got["host"] != "node" {
		t.Errorf("a plain site is told %v", got)
	}
	for _, path := range []string{"data/", "friends/", "connect"} {
		got := body[problem](t, p.gets(403, "GET", path, ""))
		if got.Code != "not-an-app" || !strings.Contains(got.Hint, "/#/sites/album/privacy") {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestConsentIsDurableAndTakenBack(t *testing.T) {
	w := newWorld(t, app.Options{})
	w.page("album").connect("album").gets(201, "PUT", "data/x", "1")
	w.close()
	w.open(app.Options{})
	p := w.page("album")
	p.gets(200, "GET", "data/x", "")
	st := w.host.State()
	if len(st.Apps) != 1 || st.Apps[0].App != "album" || !slices.Equal(st.Apps[0].Granted, []string{"data", "friends", "share"}) {
		t.Fatalf("after a start there is %+v", st.Apps)
	}
	w.must(w.host.Revoke("album"))
	if got := body[problem](t, p.gets(403, "GET", "data/x", "")); got.Code != "not-connected" {
		t.Errorf("after it was taken back: %+v", got)
	}
	if err := w.host.Revoke("album"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a second time: %v", err)
	}
	p.connect("album").gets(200, "GET", "data/x", "") // its documents stayed
}

func TestASecondOriginIsAskedAboutWithTheFirst(t *testing.T) {
	w := newWorld(t, app.Options{})
	w.page("album").connect("album")
	evil := w.page("evil")
	done := make(chan int)
	go func() { done <- evil.ask("POST", "connect", `{"app":"album","title":"Album\u202e\n"}`).Code }()
	q := w.question("evil")
	if !slices.Equal(q.Others, []string{"wtp://album"}) || q.Title != "Album" || q.Address != "wtp://evil" {
		t.Errorf("the question is %+v", q)
	}
	w.must(w.host.Answer(t.Context(), q.ID, app.Answer{}))
	if code := <-done; code != 403 {
		t.Errorf("a no is answered %d", code)
	}
}

func TestAskingAgainAndAgainIsRefused(t *testing.T) {
	w := newWorld(t, app.Options{MaxRefusals: 2, MaxAppAsks: 2})
	p := w.page("album")
	for range 2 {
		if got := p.asks("POST", "connect", `{"app":"album"}`, app.Answer{}); got.Code != 403 {
			t.Fatalf("a no is answered %d", got.Code)
		}
	}
	if got := body[problem](t, p.gets(403, "POST", "connect", `{"app":"album"}`)); got.Code != "refused" || len(w.host.State().Asks) != 0 {
		t.Errorf("the third time: %+v", got)
	}
	q := w.page("other")
	var waits sync.WaitGroup
	codes := make(chan int, 3)
	for i := range 3 {
		waits.Go(func() {
			codes <- q.ask("POST", "connect", fmt.Sprintf(`{"app":"a%d"}`, i), "Prefer", "wait=2").Code
		})
	}
	waits.Wait()
	got := []int{<-codes, <-codes, <-codes}
	slices.Sort(got)
	if !slices.Equal(got, []int{408, 408, 429}) {
		t.Errorf("three questions at once are answered %v", got)
	}
	if n := len(w.host.State().Asks); n != 0 {
		t.Errorf("%d questions are left that nobody waits for", n)
	}
}

func TestAYesThatCannotBeCarriedOutLeavesTheQuestion(t *testing.T) {
	w := newWorld(t, app.Options{})
	p := w.page("album")
	done := make(chan int)
	go func() { done <- p.ask("POST", "connect", `{"app":"album","wants":["friends"]}`).Code }()
	q := w.question("album")
	if err := w.host.Answer(t.Context(), q.ID, app.Answer{Allow: true, Friends: []string{"nobody I know"}}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a friend who is none: %v", err)
	}
	w.must(w.host.Answer(t.Context(), w.question("album").ID, app.Answer{Allow: true, Grants: []string{}}))
	if code := <-done; code != 200 {
		t.Fatalf("a yes is answered %d", code)
	}
	if got := w.host.State().Apps[0]; !slices.Equal(got.Granted, []string{"data"}) || !slices.Contains(got.Asked, "friends") {
		t.Errorf("granted: %+v", got)
	}
	p.gets(200, "POST", "connect", `{"app":"album","wants":["friends"]}`) // it was decided
}

func TestAppsDoNotSeeOneAnother(t *testing.T) {
	w := newWorld(t, app.Options{})
	one, two := w.page("one").connect("one"), w.page("two").connect("two")
	one.gets(201, "PUT", "data/x", "1")
	hidden, none := two.gets(404, "GET", "data/x", ""), two.gets(404, "GET", "data/y", "")
	if strings.ReplaceAll(hidden.Body.String(), `\"x\"`, `\"y\"`) != none.Body.String() || fmt.Sprint(hidden.Header()) != fmt.Sprint(none.Header()) {
		t.Errorf("what is another's and what is not there differ:\n%s\n%s", hidden.Body, none.Body)
	}
	two.gets(404, "DELETE", "data/x", "")
	two.gets(404, "DELETE", "data/", "")
	two.gets(404, "PATCH", "data/x", "{}", "Content-Type", "application/merge-patch+json")
	two.gets(404, "POST", "share", `{"path":"x","audience":{"kind":"all"}}`)
	if got := body[items](t, two.gets(200, "GET", "data/", "")); len(got.Items) != 0 {
		t.Errorf("the other app lists %v", got)
	}
}

func TestListingsGoOnOverFoldersAndMounts(t *testing.T) {
	w := newWorld(t, app.Options{})
	p, other := w.page("one").connect("one"), w.page("two").connect("two")
	for _, path := range []string{"a", "b/1", "b/2", "b/3/x", "b0", "c/hidden", "c/kept", "d"} {
		p.gets(201, "PUT", "data/"+path, path)
	}
	for _, path := range []string{"pics/x", "pics/y/z", "more"} {
		other.gets(201, "PUT", "data/"+path, path)
	}
	if got := p.asks("POST", "mounts", `{"at":"c/hidden"}`, app.Answer{Allow: true, Pick: &app.Pick{App: "two", Path: "more"}}); got.Code != 201 {
		t.Fatalf("mounting a document: %d %s", got.Code, got.Body)
	}
	if got := p.asks("POST", "mounts", `{"at":"m/n/"}`, app.Answer{Allow: true, Pick: &app.Pick{App: "two", Path: "pics/"}}); got.Code != 201 {
		t.Fatalf("mounting a folder: %d %s", got.Code, got.Body)
	}
	const all = "a b/1 b/2 b/3/x b0 c/hidden c/kept d m/n/x m/n/y/z"
	if got := body[items](t, p.gets(200, "GET", "data/", "")); got.paths() != all || got.Next != "" {
		t.Errorf("everything is %s, then %q", got.paths(), got.Next)
	}
	for limit := 1; limit < 11; limit++ {
		var seen, top []string
		for after, n := "", 0; ; n++ {
			got := body[items](t, p.gets(200, "GET", fmt.Sprintf("data/?limit=%d&after=%s", limit, after), ""))
			seen = append(seen, strings.Fields(got.paths())...)
			if after = got.Next; after == "" {
				break
			}
			if n > 20 {
				t.Fatalf("with limit %d it goes on and on", limit)
			}
		}
		if strings.Join(seen, " ") != all {
			t.Errorf("with limit %d everything is %v", limit, seen)
		}
		for after, n := "", 0; ; n++ {
			got := body[items](t, p.gets(200, "GET", fmt.Sprintf("data/?depth=1&limit=%d&after=%s", limit, after), ""))
			top = append(append(top, strings.Fields(got.paths())...), got.Folders...)
			if after = got.Next; after == "" {
				break
			}
			if n > 20 {
				t.Fatalf("at depth 1 with limit %d it goes on and on: %v", limit, top)
			}
		}
		slices.Sort(top)
		if strings.Join(top, " ") != "a b/ b0 c/ d m/" {
			t.Errorf("at depth 1 with limit %d there is %v", limit, top)
		}
	}
	if got := body[items](t, p.gets(200, "GET", "data/m/?depth=1", "")); !slices.Equal(got.Folders, []string{"m/n/"}) {
		t.Errorf("above the mount: %+v", got)
	}
	if got := body[items](t, p.gets(200, "GET", "data/m/n/?depth=1", "")); got.paths() != "m/n/x" || !slices.Equal(got.Folders, []string{"m/n/y/"}) {
		t.Errorf("at the mount: %+v", got)
	}
	if got := p.gets(200, "GET", "data/c/hidden", "").Body.String(); got != "more" {
		t.Errorf("the mounted document says %q", got)
	}
}

func TestMountsKeepToWhatWasPicked(t *testing.T) {
	w := newWorld(t, app.Options{})
	p, other := w.page("one").connect("one"), w.page("two").connect("two")
	other.gets(201, "PUT", "data/pics/x", "x")
	other.gets(201, "PUT", "data/secret", "s")
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- p.ask("POST", "mounts", `{"at":"m/"}`) }()
	for _, bad := range []*app.Pick{nil, {App: "two", Path: "secret"}, {App: "one", Path: "pics/"}, {App: "two", Path: "../"}, {App: "two", Path: "pics//"}} {
		if err := w.host.Answer(t.Context(), w.question("one").ID, app.Answer{Allow: true, Pick: bad}); err == nil {
			t.Errorf("%+v was mounted", bad)
		}
	}
	w.must(w.host.Answer(t.Context(), w.question("one").ID, app.Answer{Allow: true, Pick: &app.Pick{App: "two", Path: "pics/", Writable: true}}))
	m := body[map[string]any](t, <-done)
	p.gets(400, "GET", "data/m/..%2Fsecret", "")
	p.gets(404, "GET", "data/m/secret", "")
	p.gets(201, "PUT", "data/m/y", "by one")
	if got := other.gets(200, "GET", "data/pics/y", "").Body.String(); got != "by one" {
		t.Errorf("what was written through a mount is %q", got)
	}
	if got := body[problem](t, p.gets(403, "POST", "share", `{"path":"m/y","audience":{"kind":"all"}}`)); got.Code != "read-only" {
		t.Errorf("sharing what is mounted: %+v", got)
	}
	other.gets(404, "DELETE", "mounts/"+m["id"].(string), "")
	p.gets(204, "DELETE", "mounts/"+m["id"].(string), "")
	p.gets(404, "GET", "data/m/y", "")
}

func TestEventsOfAnAppAreItsOwn(t *testing.T) {
	w := newWorld(t, app.Options{})
	p, other := w.page("one").connect("one"), w.page("two").connect("two")
	s := p.stream("events")
	other.gets(201, "PUT", "data/theirs", "x")
	p.gets(201, "PUT", "data/f/mine", "x")
	if got := s.until(`"path":"f/mine"`); strings.Contains(got, "theirs") {
		t.Errorf("another app's document is told: %s", got)
	}
	folder := p.stream("data/f/")
	p.gets(201, "PUT", "data/g", "x")
	p.gets(204, "DELETE", "data/f/mine", "")
	if got := folder.until(`"deleted":true`); strings.Contains(got, `"g"`) {
		t.Errorf("what is not in the folder is told: %s", got)
	}
	text := s.until(`"path":"g"`)
	id := text[strings.LastIndex(text[:strings.Index(text, `"path":"f/mine"`)], "id: ")+4:]
	id, _, _ = strings.Cut(id, "\n")
	if got := p.stream("events", "Last-Event-ID", id).until(`"path":"g"`); strings.Contains(got, "resync") || strings.Contains(got, `"path":"f/mine","etag"`) {
		t.Errorf("who comes back is told %s", got)
	}
	p.stream("events", "Last-Event-ID", "7").until("event: resync")
	if got := p.asks("POST", "mounts", `{"at":"m/"}`, app.Answer{Allow: true, Pick: &app.Pick{App: "two", Path: "pics/"}}); got.Code != 201 {
		t.Fatalf("mounting: %s", got.Body)
	}
	told := make(chan struct{})
	go func() { // listening to the mount begins in a moment
		defer close(told)
		s.until(`"path":"m/x`)
	}()
	for i := 0; ; i++ {
		other.gets(201, "PUT", fmt.Sprintf("data/pics/x%d", i), "x")
		select {
		case <-told:
		case <-time.After(50 * time.Millisecond):
			continue
		}
		break
	}
	w.must(w.host.Revoke("one"))
	s.until("event: connected")
}

func TestTooManyStreams(t *testing.T) {
	w := newWorld(t, app.Options{MaxStreams: 1})
	p := w.page("one").connect("one")
	s := p.stream("events")
	p.gets(429, "GET", "events", "")
	s.stop()
	w.page("two").connect("two").stream("events") // another origin has its own
}

func TestPostedNamesAreInOrder(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, app.Options{Now: func() time.Time { return now }})
	p := w.page("one").connect("one")
	var names []string
	for i := range 50 {
		if i == 25 {
			now = now.Add(-time.Hour) // the clock was set back
		}
		names = append(names, p.gets(201, "POST", "data/log/", fmt.Sprint(i)).Header().Get("Location"))
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 50 {
		t.Errorf("the names are %v", names)
	}
}

func TestBounds(t *testing.T) {
	w := newWorld(t, app.Options{MaxDocument: 10, MaxPatch: 20, MaxJSON: 100})
	p := w.page("one").connect("one")
	p.gets(413, "PUT", "data/x", "12345678901")
	p.gets(413, "PUT", "data/x", "1", "Content-Range", "bytes 0-0/11")
	p.gets(413, "POST", "share", strings.Repeat(" ", 101)+"{}")
	p.gets(201, "PUT", "data/x", "{}")
	p.gets(413, "PATCH", "data/x", `{"aaaaaaaaaaaaaaaa":1}`, "Content-Type", "application/merge-patch+json")
	p.gets(204, "PATCH", "data/x", `{"aaaaaaaaaaa":1}`, "Content-Type", "application/merge-patch+json")
	p.gets(413, "PATCH", "data/x", `{"bbbbbbbbbbb":1}`, "Content-Type", "application/merge-patch+json")
	p.gets(400, "PUT", "data/y", "x", "Content-Type", strings.Repeat("x", 300))
}

func TestABrokenBodyChangesNothing(t *testing.T) {
	w := newWorld(t, app.Options{})
	p := w.page("one").connect("one")
	p.gets(201, "PUT", "data/x", "whole")
	r := p.request(t.Context(), "PUT", "data/x", "")
	r.Body, r.ContentLength = http.NoBody, -1
	r.Body = brokenBody{}
	out := httptest.NewRecorder()
	w.host.ServeHTTP(out, r, p.from)
	if out.Code != 400 {
		t.Errorf("a broken body is answered %d: %s", out.Code, out.Body)
	}
	if got := p.gets(200, "GET", "data/x", "").Body.String(); got != "whole" {
		t.Errorf("the document is %q", got)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, fmt.Errorf("the line broke") }
func (brokenBody) Close() error             { return nil }

func TestWhoIsLockedIsNotReady(t *testing.T) {
	w := newWorld(t, app.Options{})
	p := w.page("one").connect("one")
	w.must(w.sharing.SetPassphrase(t.Context(), "", "open sesame"))
	w.must(w.sharing.Lock(t.Context()))
	if got := body[map[string]any](t, p.gets(200, "GET", "", "")); got["ready"] != false {
		t.Errorf("locked: %v", got)
	}
	if out := p.gets(503, "GET", "data/x", ""); out.Header().Get("Retry-After") == "" || body[problem](t, out).Code != "not-ready" {
		t.Errorf("locked: %s", out.Body)
	}
	w.must(w.sharing.Unlock(t.Context(), "open sesame"))
	p.gets(404, "GET", "data/x", "")
}

func TestHandlesAreOfOneApp(t *testing.T) {
	w := newWorld(t, app.Options{})
	w.page("one").connect("one")
	secret, err := w.sharing.Handles(t.Context())
	w.must(err)
	again, err := w.sharing.Handles(t.Context())
	w.must(err)
	if len(secret) != 32 || !slices.Equal(secret, again) {
		t.Errorf("the secret of handles is %x, then %x", secret, again)
	}
	const friend = "00112233445566778899aabbccddeeff"
	a, b := app.HandleOf(secret, "one", friend), app.HandleOf(secret, "two", friend)
	if len(a) != 16 || a == b {
		t.Errorf("handles of two apps are %s and %s", a, b)
	}
	if got := app.HandleOf(make([]byte, 32), "album", friend); got != "c6005bfc5fe83564" {
		t.Errorf("the handle of the specification's example is %s", got)
	}
}

func TestWhatTheConsoleChanges(t *testing.T) {
	w := newWorld(t, app.Options{})
	w.page("one").connect("one")
	granted := []string{"data"}
	g, err := w.host.ChangeGrant(t.Context(), "one", app.Change{Granted: &granted})
	w.must(err)
	if !slices.Equal(g.Granted, granted) {
		t.Errorf("granted: %v", g.Granted)
	}
	bad := []string{"everything"}
	if _, err := w.host.ChangeGrant(t.Context(), "one", app.Change{Granted: &bad}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a grant that is none: %v", err)
	}
	if _, err := w.host.ChangeGrant(t.Context(), "none", app.Change{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an app that is none: %v", err)
	}
	docs, err := w.sharing.List(t.Context(), sharing.Page{App: "one"})
	w.must(err)
	if len(docs) != 0 {
		t.Errorf("documents: %v", docs)
	}
}
