package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
)

const ourExtension = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"

func newExtensionWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(o *api.Options) {
		s, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if o.Extensions, err = s.Bucket("extension"); err != nil {
			t.Fatal(err)
		}
	})
}

func challengeOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// knock sends what an extension sends that is not connected.
func (w *world) knock(origin, path, body string) (int, string) {
	w.t.Helper()
	resp, data := w.do("POST", "/api/v1/extensions/"+path, strings.NewReader(body), "Authorization: ", "Origin: "+origin, "Sec-Fetch-Site: cross-site")
	return resp.StatusCode, string(data)
}

// connect connects an extension and returns the header with its token.
func (w *world) connect(origin, secret string) string {
	w.t.Helper()
	if status, body := w.knock(origin, "ask", fmt.Sprintf(`{"name":"Chromium","challenge":%q}`, challengeOf(secret))); status != 200 || !strings.Contains(body, `"code":"`) {
		w.t.Fatalf("ask: %d %s", status, body)
	}
	w.call("POST", "/api/v1/extensions/asking/"+challengeOf(secret), `{"allow":true}`, 204, nil)
	_, body := w.knock(origin, "claim", fmt.Sprintf(`{"secret":%q}`, secret))
	token := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(body), `{"token":"`), `"}`)
	if !strings.HasPrefix(token, "kx_") {
		w.t.Fatalf("claim: %s", body)
	}
	return "Authorization: Bearer " + token
}

func TestAnExtensionIsConnectedByConsent(t *testing.T) {
	w := newExtensionWorld(t)
	ask := fmt.Sprintf(`{"name":"Chromium","challenge":%q}`, challengeOf("s1"))
	status, body := w.knock(ourExtension, "ask", ask)
	if status != 200 {
		t.Fatalf("ask: %d %s", status, body)
	}
	if _, body := w.knock(ourExtension, "claim", `{"secret":"s1"}`); !strings.Contains(body, `"token":""`) {
		t.Errorf("before the owner answered: %s", body)
	}
	var list api.ExtensionList
	w.call("GET", "/api/v1/extensions", "", 200, &list)
	if len(list.Asking) != 1 || list.Asking[0].Origin != ourExtension || !strings.Contains(body, list.Asking[0].Code) {
		t.Fatalf("the owner sees %+v; the extension shows %s", list, body)
	}
	for _, c := range []struct{ origin, secret string }{{ourExtension, "another"}, {"moz-extension://other", "s1"}} {
		if status, body := w.knock(c.origin, "claim", fmt.Sprintf(`{"secret":%q}`, c.secret)); status != 403 {
			t.Errorf("claim by %s with %s: %d %s", c.origin, c.secret, status, body)
		}
	}
	w.call("POST", "/api/v1/extensions/asking/"+list.Asking[0].ID, `{"allow":true}`, 204, nil)
	if _, body := w.knock(ourExtension, "claim", `{"secret":"s1"}`); !strings.Contains(body, `"token":"kx_`) {
		t.Errorf("after it: %s", body)
	}
	if status, _ := w.knock(ourExtension, "claim", `{"secret":"s1"}`); status != 403 {
		t.Errorf("a token was handed out twice: %d", status)
	}
	// Refused.
	w.knock(ourExtension, "ask", fmt.Sprintf(`{"name":"x","challenge":%q}`, challengeOf("s2")))
	w.call("POST", "/api/v1/extensions/asking/"+challengeOf("s2"), `{"allow":false}`, 204, nil)
	if status, _ := w.knock(ourExtension, "claim", `{"secret":"s2"}`); status != 403 {
		t.Errorf("a refused extension got %d", status)
	}
	w.call("POST", "/api/v1/extensions/asking/"+challengeOf("s2"), `{"allow":true}`, 404, nil)
}

func TestPagesCannotAskToBeConnected(t *testing.T) {
	w := newExtensionWorld(t)
	body := fmt.Sprintf(`{"name":"x","challenge":%q}`, challengeOf("s"))
	for _, origin := range []string{"", "null", "https://evil.example", "http://localhost:5484", "chrome-extension://", "chrome-extension://a/b", "javascript:x"} {
		if status, _ := w.knock(origin, "ask", body); status != 403 {
			t.Errorf("%q: %d", origin, status)
		}
	}
	if resp, _ := w.do("POST", "/api/v1/extensions/ask", strings.NewReader(body), "Authorization: ", "Origin: "+ourExtension, "Host: evil.example"); resp.StatusCode != 403 {
		t.Errorf("by another name: %s", resp.Status)
	}
	for _, bad := range []string{`{}`, `{"name":"x","challenge":"00"}`, fmt.Sprintf(`{"name":%q,"challenge":%q}`, strings.Repeat("x", 100), challengeOf("s"))} {
		if status, _ := w.knock(ourExtension, "ask", bad); status != 400 {
			t.Errorf("%.40s: %d", bad, status)
		}
	}
	for i := range 20 {
		w.knock(fmt.Sprintf("moz-extension://%d", i), "ask", fmt.Sprintf(`{"name":"x","challenge":%q}`, challengeOf(fmt.Sprint(i))))
	}
	var list api.ExtensionList
	if w.call("GET", "/api/v1/extensions", "", 200, &list); len(list.Asking) != 8 {
		t.Errorf("%d wait", len(list.Asking))
	}
}

func TestWhatAnExtensionMayDo(t *testing.T) {
	w := newExtensionWorld(t)
	token := w.connect(ourExtension, "s")
	p := w.publish(w.folder("index.html", "<p>here"))
	var opened api.Opened
	resp, body := w.do("POST", "/api/v1/open", strings.NewReader(fmt.Sprintf(`{"address":%q}`, p.IPFS)), token, "Origin: "+ourExtension)
	if resp.StatusCode != 200 {
		t.Fatalf("open: %s %s", resp.Status, body)
	}
	w.call("POST", "/api/v1/open", fmt.Sprintf(`{"address":%q}`, p.IPFS), 200, &opened)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/v1/sites/" + opened.Label, "", 200},
		{"PATCH", "/api/v1/sites/" + opened.Label, `{"pinned":true}`, 200},
		{"PATCH", "/api/v1/sites/" + opened.Label, `{"mode":"site"}`, 400},
		{"PATCH", "/api/v1/sites/nothing-here", `{"pinned":true}`, 404},
		{"GET", "/api/v1/version", "", 200},
		{"POST", "/api/v1/open", `{"address":"/etc/x.torrent"}`, 403},
		{"POST", "/api/v1/open", `{"address":"https://example.org/x.torrent"}`, 403},
		{"POST", "/api/v1/open", fmt.Sprintf(`{"address":%q,"mode":"app"}`, p.IPFS), 400},
		{"GET", "/api/v1/sites", "", 403},
		{"GET", "/api/v1/status", "", 403},
		{"GET", "/api/v1/extensions", "", 403},
		{"POST", "/api/v1/publish", `{"folder":"/etc"}`, 403},
		{"DELETE", "/api/v1/sites/" + opened.Label, "", 403},
		{"GET", "/metrics", "", 403},
		{"GET", "/debug/pprof/", "", 403},
	} {
		if resp, data := w.do(c.method, c.path, strings.NewReader(c.body), token); resp.StatusCode != c.status {
			t.Errorf("%s %s %s: %s %s", c.method, c.path, c.body, resp.Status, data)
		}
	}
	var known site.Site
	if w.call("GET", "/api/v1/sites/"+opened.Label, "", 200, &known); !known.Pinned {
		t.Error("the site is not kept")
	}
	for _, h := range []string{"Origin: https://evil.example", "Origin: moz-extension://other", "Host: evil.example"} {
		if resp, _ := w.do("GET", "/api/v1/version", nil, token, h); resp.StatusCode != 403 {
			t.Errorf("with %s: %s", h, resp.Status)
		}
	}
	var list api.ExtensionList
	w.call("GET", "/api/v1/extensions", "", 200, &list)
	w.call("DELETE", "/api/v1/extensions/"+list.Connected[0].ID, "", 204, nil)
	if resp, _ := w.do("GET", "/api/v1/version", nil, token); resp.StatusCode != 401 {
		t.Errorf("after it was disconnected: %s", resp.Status)
	}
	w.call("DELETE", "/api/v1/extensions/"+list.Connected[0].ID, "", 404, nil)
}

func TestAnExtensionStaysConnectedOverRestarts(t *testing.T) {
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	bucket, err := s.Bucket("extension")
	if err != nil {
		t.Fatal(err)
	}
	same := func(o *api.Options) { o.Extensions = bucket }
	token := newWorld(t, same).connect(ourExtension, "s")
	if resp, body := newWorld(t, same).do("GET", "/api/v1/version", nil, token); resp.StatusCode != 200 {
		t.Errorf("after a restart: %s %s", resp.Status, body)
	}
	if err := bucket.Each("", func(key string, value []byte) error {
		if strings.Contains(key+string(value), strings.TrimPrefix(token, "Authorization: Bearer ")) {
			t.Error("the token itself is kept")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
