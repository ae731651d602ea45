package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/app"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/store"
)

// appWorld is a world with a person and a host for web apps.
func appWorld(t *testing.T) (*world, *app.Host) {
	t.Helper()
	var host *app.Host
	w := newWorld(t, func(o *api.Options) {
		db, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		bucket, err := db.Bucket("app")
		if err != nil {
			t.Fatal(err)
		}
		s := newSharing(t)
		if host, err = app.New(app.Options{Sharing: s, Store: bucket, Console: "http://localhost:5484"}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = host.Close() })
		o.Sharing, o.Apps = s, host
	})
	return w, host
}

func TestOnlyTheOwnerDecidesOnApps(t *testing.T) {
	w, _ := appWorld(t)
	off := newWorld(t, nil)
	for _, route := range []string{
		"GET /api/v1/apps", "GET /api/v1/apps/held", "POST /api/v1/apps/asks/1", "PATCH /api/v1/apps/1", "DELETE /api/v1/apps/1", "DELETE /api/v1/apps/1/mounts/1",
	} {
		method, path, _ := strings.Cut(route, " ")
		for name, header := range map[string]string{"Authorization": "Bearer wrong", "Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
			r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(w.client.Console(), "/")+path, strings.NewReader("{}"))
			w.check(err)
			r.Header.Set("Authorization", "Bearer "+w.token)
			r.Header.Set(name, header)
			answer, err := http.DefaultClient.Do(r)
			w.check(err)
			_ = answer.Body.Close()
			if answer.StatusCode != 401 && answer.StatusCode != 403 {
				t.Errorf("%s with %s: %s is answered %d", route, name, header, answer.StatusCode)
			}
		}
	}
	if _, err := off.client.Apps(t.Context()); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("where sharing is off: %v", err)
	}
}

func TestAnAppIsAllowedAndRevokedByTheAPI(t *testing.T) {
	w, host := appWorld(t)
	from := app.Origin{Label: "album", URL: "http://album.localhost:5484", Address: "wtp://album", App: true}
	ask := func(method, path, body string) int {
		r := httptest.NewRequest(method, from.URL+"/.kith/"+path, strings.NewReader(body))
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		out := httptest.NewRecorder()
		host.ServeHTTP(out, r, from)
		return out.Code
	}
	done := make(chan int)
	go func() { done <- ask("POST", "connect", `{"app":"album","wants":["data","share"]}`) }()
	var st app.State
	for end := time.Now().Add(30 * time.Second); len(st.Asks) == 0; {
		var err error
		st, err = w.client.Apps(t.Context())
		w.check(err)
		if time.Now().After(end) {
			t.Fatal("the person is asked nothing")
		}
	}
	if err := w.client.AnswerApp(t.Context(), "none", app.Answer{Allow: true}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a question that is none: %v", err)
	}
	w.check(w.client.AnswerApp(t.Context(), st.Asks[0].ID, app.Answer{Allow: true}))
	if code := <-done; code != 200 {
		t.Fatalf("a yes is answered %d", code)
	}
	if code := ask("PUT", "data/x", "12345"); code != 201 {
		t.Fatalf("a document is answered %d", code)
	}
	held, err := w.client.HeldApps(t.Context())
	w.check(err)
	if len(held) != 1 || held[0].App != "album" || held[0].Documents != 1 || held[0].Octets != 5 {
		t.Errorf("held: %+v", held)
	}
	none := []string{}
	g, err := w.client.ChangeApp(t.Context(), "album", app.Change{Granted: &none})
	w.check(err)
	if len(g.Granted) != 1 || g.Granted[0] != "data" {
		t.Errorf("granted: %v", g.Granted)
	}
	w.check(w.client.RevokeApp(t.Context(), "album"))
	if code := ask("GET", "data/x", ""); code != 403 {
		t.Errorf("after it was taken back: %d", code)
	}
}
