package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/nearby/consent"
	"github.com/kith-web/kith/internal/nearby/page"
	"github.com/kith-web/kith/internal/store"
)

// nowhere is a network without devices.
type nowhere struct{}

func (nowhere) Connect(ctx context.Context, _ string, _ page.Hello) (page.Conn, page.Hello, error) {
	return nil, page.Hello{}, errors.New("nobody is near")
}

// pages is an API with a desk, and no devices but Bob's.
func pages(t *testing.T) (*world, *consent.Desk) {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("consent")
	if err != nil {
		t.Fatal(err)
	}
	desk, err := consent.New(consent.Options{Store: bucket})
	if err != nil {
		t.Fatal(err)
	}
	server, err := page.New(page.Options{Desk: desk, Network: nowhere{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	book := func(id string) (string, bool) { return "Bob", id == "bob" }
	return newWorld(t, func(o *api.Options) { o.Pages = &api.Pages{Desk: desk, Server: server, Device: book} }), desk
}

// tell asks the API as the console does.
func (w *world) tell(method, path, body string, want int) string {
	w.t.Helper()
	res := w.request(method, "/api/v1/nearby/consent"+path, body, http.Header{"Authorization": {"Bearer " + w.token}})
	if res.status != want {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, res.status, res.body, want)
	}
	return res.body
}

type reply struct {
	status int
	body   string
	header http.Header
}

func (w *world) request(method, path, body string, header http.Header) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:"+strconv.Itoa(w.port)+path, strings.NewReader(body))
	w.check(err)
	req.Header = header
	req.Host = "localhost:" + strconv.Itoa(w.port)
	res, err := http.DefaultTransport.RoundTrip(req)
	w.check(err)
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return reply{status: res.StatusCode, header: res.Header}
	}
	var out strings.Builder
	if _, err := io.Copy(&out, io.LimitReader(res.Body, 1<<20)); err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, out.String(), res.Header}
}

func (w *world) consentState() (s api.PageState) {
	w.t.Helper()
	w.check(json.Unmarshal([]byte(w.tell("GET", "", "", 200)), &s))
	return s
}

// question waits until one is shown.
func (w *world) question() consent.Ask {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if asks := w.consentState().Asks; len(asks) > 0 {
			return asks[0]
		}
	}
	w.t.Fatal("no question is shown")
	return consent.Ask{}
}

func TestTheConsoleAnswersForThePerson(t *testing.T) {
	w, desk := pages(t)
	answers := make(chan error, 1)
	go func() {
		_, err := desk.Ask(t.Context(), consent.Question{Kind: consent.Reach, App: "wtp://x"})
		answers <- err
	}()
	ask := w.question()
	path := "/asks/" + ask.ID
	w.tell("POST", path, `{"allow":true}`, 400)                // without a device
	w.tell("POST", path, `{"allow":true,"device":"eve"}`, 404) // that nobody paired
	w.tell("POST", path, `{"allow":true,"device":"bob","remember":true}`, 204)
	w.tell("POST", path, `{"allow":true,"device":"bob"}`, 404) // again
	if err := <-answers; err != nil {
		t.Fatal(err)
	}
	grants := w.consentState().Grants
	if len(grants) != 1 || grants[0].Device.Name != "Bob" {
		t.Fatalf("granted %+v", grants)
	}
	w.tell("DELETE", "/grants/"+grants[0].ID, "", 204)
	w.tell("DELETE", "/grants/"+grants[0].ID, "", 404)
	w.tell("DELETE", "/links/none", "", 404)
	if n := len(w.consentState().Grants); n != 0 {
		t.Errorf("%d grants are left", n)
	}
}

func TestOnlyTheOwnerAnswers(t *testing.T) {
	w, _ := pages(t)
	for _, header := range []http.Header{
		{},
		{"Authorization": {"Bearer wrong"}},
		{"Authorization": {"Bearer " + w.token}, "Origin": {"http://x.localhost:" + strconv.Itoa(w.port)}},
	} {
		for _, r := range [][2]string{{"GET", ""}, {"POST", "/asks/x"}, {"DELETE", "/grants/x"}, {"POST", "/connect"}} {
			if got := w.request(r[0], "/api/v1/nearby/consent"+r[1], "{}", header); got.status != 401 && got.status != 403 {
				t.Errorf("%s %s with %v: %d", r[0], r[1], header, got.status)
			}
		}
	}
}

func TestAnOriginIsConnectedToItselfAlone(t *testing.T) {
	w, desk := pages(t)
	for _, bad := range []string{"http://plain.example/", "javascript:alert(1)", "https://", "https://user@x.example/", "file:///x", "//x.example/", "http://10.0.0.1/"} {
		if got := w.request("POST", "/api/v1/nearby/consent/connect", `{"return":`+strconv.Quote(bad)+`}`,
			http.Header{"Authorization": {"Bearer " + w.token}}); got.status != 400 && got.status != 403 {
			t.Errorf("%s: %d %s", bad, got.status, got.body)
		}
	}
	var a api.ConnectAnswer
	w.check(json.Unmarshal([]byte(w.tell("POST", "/connect", `{"return":"HTTPS://App.Example:443/a/b?c=d#e"}`, 200)), &a))
	u, err := url.Parse(a.Location)
	w.check(err)
	said, err := url.ParseQuery(u.Fragment)
	w.check(err)
	if u.Scheme+"://"+u.Host+u.RequestURI() != "https://app.example/a/b?c=d" {
		t.Errorf("the person goes on to %s", a.Location)
	}
	if said.Get("kith-lp2p-node") != "http://localhost:"+strconv.Itoa(w.port) {
		t.Errorf("the node is said to be %s", said.Get("kith-lp2p-node"))
	}
	if _, ok := desk.Connected("https://app.example", said.Get("kith-lp2p")); !ok {
		t.Errorf("the capability in %s is not the origin's", a.Location)
	}
}

func TestTheSocketIsForConnectedOrigins(t *testing.T) {
	w, desk := pages(t)
	capability, err := desk.Connect("https://app.example")
	w.check(err)
	upgrade := func(origin, protocols string) int {
		return w.request("GET", "/.kith/lp2p", "", http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
			"Origin": {origin}, "Sec-Websocket-Protocol": {protocols}, "Sec-Fetch-Site": {"cross-site"},
		}).status
	}
	for _, c := range []struct {
		origin, protocols string
		want              int
	}{
		{"https://evil.example", "kith-lp2p-1, cap." + capability, 403},
		{"https://app.example", "kith-lp2p-1", 403},
		{"https://app.example", "kith-lp2p-1, cap.", 403},
		{"", "kith-lp2p-1, cap." + capability, 403},
		{"null", "kith-lp2p-1, cap." + capability, 403},
		{"https://app.example", "kith-lp2p-1, cap." + capability, 101},
	} {
		if got := upgrade(c.origin, c.protocols); got != c.want {
			t.Errorf("%s with %s: %d, want %d", c.origin, c.protocols, got, c.want)
		}
	}
}

func TestOnlyTheShellLearnsThatAnAppAsks(t *testing.T) {
	w, desk := pages(t)
	const label = "wtp-0123456789abcdef0123456789abcdef01234567"
	go func() {
		_, _ = desk.Ask(t.Context(), consent.Question{Kind: consent.Advertise, App: "wtp://0123456789abcdef0123456789abcdef01234567"})
	}()
	w.question()
	for site, want := range map[string]int{"": 403, "none": 403, "same-site": 403, "cross-site": 403, "same-origin": 200} {
		got := w.request("GET", "/asking/"+label, "", http.Header{"Sec-Fetch-Site": {site}})
		if got.status != want || want == 200 && !strings.Contains(got.body, `"asking":true`) {
			t.Errorf("Sec-Fetch-Site %q: %d %s", site, got.status, got.body)
		}
	}
	if got := w.request("GET", "/asking/wtp-1123456789abcdef0123456789abcdef01234567", "", http.Header{"Sec-Fetch-Site": {"same-origin"}}); !strings.Contains(got.body, `"asking":false`) {
		t.Errorf("another app: %s", got.body)
	}
}
