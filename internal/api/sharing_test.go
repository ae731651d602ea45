package api_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
	"github.com/kith-web/kith/internal/store"
)

// social is a world with a person, who has no relay.
func social(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(o *api.Options) { o.Sharing = newSharing(t) })
}

func newSharing(t *testing.T) *sharing.Service {
	t.Helper()
	home := t.TempDir()
	db, err := store.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	device, err := db.Bucket("device")
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := db.Bucket("exchange")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sharing.New(t.Context(), sharing.Options{
		Dir: filepath.Join(home, "friends"), Device: device, Exchange: exchange, Name: "me", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// sharingRoutes are all of them, each with a path that may exist.
func sharingRoutes() []string {
	return []string{
		"GET /api/v1/sharing", "POST /api/v1/person", "PATCH /api/v1/person", "GET /api/v1/person/phrase",
		"DELETE /api/v1/person/phrase", "POST /api/v1/person/recover", "GET /api/v1/person/backup", "POST /api/v1/person/restore",
		"POST /api/v1/person/restore/devices", "POST /api/v1/devices/incarnate",
		"POST /api/v1/person/unlock", "POST /api/v1/person/lock",
		"PUT /api/v1/person/passphrase", "POST /api/v1/devices", "POST /api/v1/devices/accept", "POST /api/v1/devices/1/confirm",
		"PATCH /api/v1/devices/1", "DELETE /api/v1/devices/1", "POST /api/v1/invitations", "DELETE /api/v1/invitations/1",
		"POST /api/v1/friends", "PATCH /api/v1/friends/alice", "DELETE /api/v1/friends/alice", "GET /api/v1/friends/alice/data/1",
		"DELETE /api/v1/friends/alice/data/1", "GET /api/v1/questions/1", "PUT /api/v1/lists/family", "DELETE /api/v1/lists/family",
		"GET /api/v1/data/1", "PUT /api/v1/data/1", "PATCH /api/v1/data/1", "DELETE /api/v1/data/1",
	}
}

// TestOnlyTheOwnerSharesAnything tries every route as another page and another
// program would, and on a node where sharing is off.
func TestOnlyTheOwnerSharesAnything(t *testing.T) {
	w := social(t)
	off := newWorld(t, nil)
	for _, route := range sharingRoutes() {
		method, path, _ := strings.Cut(route, " ")
		for name, c := range map[string]struct {
			w      *world
			header http.Header
			want   int
		}{
			"without the token": {w, http.Header{}, http.StatusUnauthorized},
			"of another page":   {w, http.Header{"Authorization": {"Bearer " + w.token}, "Origin": {"http://evil.example"}}, http.StatusForbidden},
			"of a site": {w, http.Header{
				"Authorization": {"Bearer " + w.token}, "Sec-Fetch-Site": {"same-site"},
			}, http.StatusForbidden},
			"switched off": {off, http.Header{"Authorization": {"Bearer " + off.token}}, http.StatusNotImplemented},
		} {
			r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(c.w.client.Console(), "/")+path, strings.NewReader("{}"))
			w.check(err)
			r.Header = c.header
			resp, err := http.DefaultClient.Do(r)
			w.check(err)
			w.check(resp.Body.Close())
			if resp.StatusCode != c.want {
				t.Errorf("%s %s: %d, want %d", route, name, resp.StatusCode, c.want)
			}
		}
	}
}

// TestDocumentsByHTTP: what HTTP says of representations, ranges and conditions.
func TestDocumentsByHTTP(t *testing.T) {
	w := social(t)
	ctx := t.Context()
	body := bytes.Repeat([]byte("0123456789"), 1000)
	d, err := w.client.PutDocument(ctx, sharing.Put{
		Path: "notes/ä b", Type: "text/plain", Labels: []string{"home"}, Body: bytes.NewReader(body), Size: int64(len(body)), IfNoneMatch: "*",
	}, []string{"all"})
	w.check(err)
	if d.Size != int64(len(body)) || d.Audience == nil || d.Audience.Kind != "all" || d.ETag == "" {
		t.Fatalf("kept %+v", d)
	}
	for name, put := range map[string]sharing.Put{
		"again, only if new": {Path: d.Path, IfNoneMatch: "*"},
		"over another":       {Path: d.Path, IfMatch: `"other"`},
	} {
		put.Body, put.Size = strings.NewReader("x"), 1
		if _, err := w.client.PutDocument(ctx, put, nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	ask := func(header ...string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(w.client.Console(), "/")+"/api/v1/data/notes/%C3%A4%20b", nil)
		w.check(err)
		r.Header.Set("Authorization", "Bearer "+w.token)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		w.check(err)
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp, string(got)
	}
	if resp, got := ask(); got != string(body) || resp.Header.Get("ETag") != d.ETag ||
		!strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") || resp.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("read %d bytes, %v", len(got), resp.Header)
	}
	if resp, got := ask("Range", "bytes=5-14"); resp.StatusCode != http.StatusPartialContent || got != "5678901234" {
		t.Errorf("a range: %d %q", resp.StatusCode, got)
	}
	if resp, _ := ask("If-None-Match", d.ETag); resp.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %d", resp.StatusCode)
	}
	list, err := w.client.Documents(ctx, "", "notes", "home")
	w.check(err)
	if len(list) != 1 || list[0].Path != d.Path {
		t.Errorf("listed %+v", list)
	}
	if d, err = w.client.ChangeDocument(ctx, "", d.Path, sharing.Change{Unshare: &sharing.Audience{Kind: "all"}}); err != nil || d.Audience.Kind != "nobody" {
		t.Errorf("unshared: %+v, %v", d, err)
	}
	deleted, err := w.client.DeleteDocument(ctx, "", "notes/")
	w.check(err)
	if _, err := w.client.Document(ctx, "", d.Path); deleted.Documents != 1 || fault.KindOf(err) != fault.NotFound {
		t.Errorf("deleted %+v; then %v", deleted, err)
	}
}

// TestAPersonByHTTP: somebody comes to be with the first thing that needs one.
func TestAPersonByHTTP(t *testing.T) {
	w := social(t)
	ctx := t.Context()
	st, err := w.client.SharingState(ctx)
	w.check(err)
	if st.Person.Exists {
		t.Fatalf("a person before the first use: %+v", st.Person)
	}
	w.check(w.client.CreatePerson(ctx, "Ada"))
	words, err := w.client.Phrase(ctx)
	w.check(err)
	w.check(w.client.ForgetPhrase(ctx))
	if _, err := w.client.Phrase(ctx); len(words) != 24 || err == nil {
		t.Errorf("%d words, and then %v", len(words), err)
	}
	w.check(w.client.SetPassphrase(ctx, "", "correct horse"))
	w.check(w.client.Lock(ctx))
	if _, err := w.client.Documents(ctx, "", "", ""); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("documents of a locked home: %v", err)
	}
	if err := w.client.Unlock(ctx, "wrong"); err == nil {
		t.Error("a wrong passphrase unlocked it")
	}
	w.check(w.client.Unlock(ctx, "correct horse"))
	st, err = w.client.SharingState(ctx)
	w.check(err)
	if !st.Person.Exists || st.Person.Name != "Ada" || st.Person.Guard != "passphrase" || st.Person.PhraseUnseen || len(st.Devices) != 1 {
		t.Errorf("a person: %+v", st)
	}
	for name, call := range map[string]func() error{
		"a friend who is none":  func() error { _, err := w.client.RemoveFriend(ctx, "nobody"); return err },
		"a list of none":        func() error { return w.client.SetList(ctx, "family", []string{"nobody"}) },
		"a question to nobody":  func() error { _, err := w.client.AskFriend(ctx, "nobody", "/x", nil, 0); return err },
		"a device that is none": func() error { return w.client.RevokeDevice(ctx, "ff", nil) },
		"a link that is none": func() error {
			_, err := w.client.AcceptFriend(ctx, "http://localhost:5484/friend#AAAA", "x")
			return err
		},
	} {
		if err := call(); err == nil || fault.Hint(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
