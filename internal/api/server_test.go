package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/doctor"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/site"
)

func TestOnlyTheOwnerUsesTheAPI(t *testing.T) {
	w := newWorld(t, nil)
	port := strconv.Itoa(w.port)
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"the owner":                  {nil, 200},
		"by number":                  {[]string{"Host: 127.0.0.1:" + port}, 200},
		"by IPv6":                    {[]string{"Host: [::1]:" + port}, 200},
		"the console's own page":     {[]string{"Origin: http://localhost:" + port, "Sec-Fetch-Site: same-origin"}, 200},
		"no token":                   {[]string{"Authorization: "}, 401},
		"an empty token":             {[]string{"Authorization: Bearer "}, 401},
		"another token":              {[]string{"Authorization: Bearer " + strings.Repeat("0", 64)}, 401},
		"another scheme":             {[]string{"Authorization: Basic " + w.token}, 401},
		"rebinding":                  {[]string{"Host: evil.example:" + port}, 403},
		"another port in Host":       {[]string{"Host: localhost:1"}, 403},
		"no port in Host":            {[]string{"Host: localhost"}, 403},
		"a site's host":              {[]string{"Host: example-com.localhost:" + port}, 403},
		"another origin":             {[]string{"Origin: https://evil.example"}, 403},
		"an opaque origin":           {[]string{"Origin: null"}, 403},
		"a site's origin":            {[]string{"Origin: http://example-com.localhost:" + port}, 403},
		"the console by other name":  {[]string{"Origin: http://127.0.0.1:" + port}, 403},
		"a cross-site request":       {[]string{"Sec-Fetch-Site: cross-site"}, 403},
		"a site's same-site request": {[]string{"Sec-Fetch-Site: same-site"}, 403},
	} {
		for _, path := range []string{"/api/v1/status", "/metrics", "/debug/pprof/cmdline", "/api/v1/nothing"} {
			want := c.status
			if want == 200 && path != "/api/v1/status" && path != "/metrics" {
				continue
			}
			if resp, body := w.do("GET", path, nil, c.headers...); resp.StatusCode != want {
				t.Errorf("%s: %s: %s %.100s, want %d", name, path, resp.Status, body, want)
			}
		}
	}
}

func TestErrorsHaveAKind(t *testing.T) {
	w := newWorld(t, nil)
	label, err := mustParse(t, "ipfs://bafkreidtpzw2652scycpysbkvepix3mmi72icxdcjzq6jhcf5s5vqmxxba").Label()
	w.check(err)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/v1/nothing", "", 404},
		{"POST", "/api/v1/status", "", 404},
		{"GET", "/api/v1/sites/" + label, "", 404},
		{"GET", "/api/v1/sites/Not%20A%20Label", "", 400},
		{"DELETE", "/api/v1/sites/" + label, "", 404},
		{"PATCH", "/api/v1/sites/" + label, `{"mode":"app"}`, 404},
		{"PATCH", "/api/v1/sites/" + label, `{"mood":"app"}`, 400},
		{"POST", "/api/v1/open", `{"address":"nothing at all"}`, 400},
		{"POST", "/api/v1/open", `{"address":`, 400},
		{"POST", "/api/v1/open", `{} {}`, 400},
		{"POST", "/api/v1/open", `{"address":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"GET", "/api/v1/resolve?address=", "", 400},
		{"POST", "/api/v1/torrents", "no torrent", 501},
		{"POST", "/api/v1/cars", "no archive", 501},
		{"POST", "/api/v1/publish", `{"folder":"relative"}`, 400},
		{"POST", "/api/v1/publish", `{"folder":"` + filepath.ToSlash(filepath.Join(w.home, "absent")) + `"}`, 404},
		{"DELETE", "/api/v1/publications/absent", "", 404},
		{"PUT", "/api/v1/uploads/absent/files/a", "x", 404},
		{"DELETE", "/api/v1/uploads/absent", "", 404},
		{"GET", "/api/v1/proof?nonce=short", "", 400},
	} {
		w.call(c.method, c.path, c.body, c.status, nil)
	}
}

func mustParse(t *testing.T, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSitesAreListedChangedAndRemoved(t *testing.T) {
	w := newWorld(t, nil)
	p := w.publish(w.folder("index.html", "hi", "sub/a.txt", "a"))
	a := mustParse(t, p.IPFS)
	list, err := w.client.Sites(t.Context())
	if err != nil || len(list.Sites) != 2 {
		t.Fatalf("Sites: %d, %v; want one a network", len(list.Sites), err)
	}
	app, allow := site.ModeApp, []string{"https://api.example.org"}
	known, err := w.client.Change(t.Context(), a, api.SiteChange{Mode: &app, Allow: &allow})
	if err != nil || known.Mode != site.ModeApp || len(known.Allow) != 1 {
		t.Fatalf("Change: %+v, %v", known, err)
	}
	opened, err := w.client.Open(t.Context(), api.OpenRequest{Address: p.IPFS + "/sub/a.txt?q#f"})
	want := "http://localhost:" + strconv.Itoa(w.port) + "/app/" + known.Label + "/sub/a.txt?q#f"
	if err != nil || opened.URL != want || opened.Kind != "ipfs" {
		t.Errorf("Open: %+v, %v; want %s", opened, err, want)
	}
	tree, err := w.client.Tree(t.Context(), a, "sub")
	if err != nil || !tree.Folder || len(tree.Entries) != 1 || tree.Entries[0].Name != "a.txt" {
		t.Errorf("Tree: %+v, %v", tree, err)
	}
	if _, err := w.client.Tree(t.Context(), a, "absent"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Tree of what is absent: %v", err)
	}
	res, err := w.client.Resolve(t.Context(), p.IPFS)
	if err != nil || res.Target.Key() != a.Key() || res.Network != address.NetworkIPFS {
		t.Errorf("Resolve: %+v, %v", res, err)
	}
	w.check(w.client.Remove(t.Context(), a)) // published: forgets the publication
	if list, err := w.client.Sites(t.Context()); err != nil || len(list.Sites) != 0 {
		t.Errorf("after Remove: %d sites, %v", len(list.Sites), err)
	}
	if _, err := os.Stat(filepath.Join(p.Folder, "index.html")); err != nil {
		t.Errorf("the folder was touched: %v", err)
	}
}

func TestWatchingEndsWhenTheClientHangsUp(t *testing.T) {
	w := newWorld(t, nil)
	folder := w.folder("index.html", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results := 0
	err := w.client.Publish(ctx, api.PublishRequest{Folder: folder, Watch: true}, func(e api.PublishEvent) {
		if e.Result == nil {
			return
		}
		switch results++; results {
		case 1:
			w.check(os.WriteFile(filepath.Join(folder, "index.html"), []byte("two"), 0o600))
		case 2:
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || results != 2 {
		t.Errorf("Publish: %v after %d results", err, results)
	}
	// Shutdown waits for the handler, which ends because the client did.
	w.check(w.server.Shutdown(t.Context()))
}

func TestEventsTellWhatChanges(t *testing.T) {
	w := newWorld(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.client.Console()+"api/v1/events", nil)
	w.check(err)
	r.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := w.client.HTTP().Do(r)
	w.check(err)
	defer func() { _ = resp.Body.Close() }()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type %q", got)
	}
	events := bufio.NewScanner(resp.Body)
	next := func(kind string) string {
		for events.Scan() {
			if name, ok := strings.CutPrefix(events.Text(), "event: "); ok && name == kind && events.Scan() {
				return strings.TrimPrefix(events.Text(), "data: ")
			}
		}
		t.Fatalf("no event %q: %v", kind, events.Err())
		return ""
	}
	if got := next("sites"); got != `{"sites":[]}` {
		t.Errorf("first event: %s", got)
	}
	var st api.Status
	w.check(json.Unmarshal([]byte(next("status")), &st))
	if len(st.Engines) != 2 || st.Version != "test" {
		t.Errorf("status: %+v", st)
	}
	p := w.publish(w.folder("index.html", "hi"))
	if got := next("sites"); !strings.Contains(got, strings.TrimSuffix(p.IPFS, "/")) && !strings.Contains(got, p.WTP) {
		t.Errorf("second event: %s", got)
	}
}

func TestOnlySoManyFollowTheEvents(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.MaxStreams = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", w.client.Console()+"api/v1/events", nil)
	w.check(err)
	r.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := w.client.HTTP().Do(r)
	w.check(err)
	defer func() { _ = resp.Body.Close() }()
	w.call("GET", "/api/v1/events", "", 429, nil)
}

func TestMetricsCountAndNameNoSite(t *testing.T) {
	w := newWorld(t, nil)
	p := w.publish(w.folder("index.html", "hi"))
	_, body := w.do("GET", "/metrics", nil)
	for _, want := range []string{
		`kith_info{version="test"} 1`, `kith_peers{network="ipfs"}`, `kith_sites{state="open"} 2`,
		"kith_gateway_requests_total", "go_goroutines", "kith_uploaded_bytes_total",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s", want)
		}
	}
	label, err := mustParse(t, p.IPFS).Label()
	w.check(err)
	for _, secret := range []string{label, p.IPFS, w.token, p.Folder} {
		if strings.Contains(string(body), secret) {
			t.Errorf("the metrics tell %s", secret)
		}
	}
}

func TestTheDoctorSaysWhatToDo(t *testing.T) {
	w := newWorld(t, func(o *api.Options) {
		o.ProbeNames = func(context.Context) (string, error) { return "", errors.New("nobody answers") }
		o.Examine = func(ctx context.Context) []api.Check { return doctor.Examine(ctx, doctor.Options{Home: o.Home}) }
	})
	checkup, err := w.client.Doctor(t.Context())
	w.check(err)
	found := map[string]api.Check{}
	for _, c := range checkup.Checks {
		found[c.Name] = c
		if (c.State == api.Failed || c.State == api.Warning) && c.Hint == "" {
			t.Errorf("%s: %s, and no hint", c.Name, c.State)
		}
	}
	if c := found["names"]; c.State != api.Failed || !strings.Contains(c.Message, "nobody answers") {
		t.Errorf("names: %+v", c)
	}
	for _, name := range []string{"ipfs reachable", "bittorrent peers", "disk", "clock"} {
		if _, ok := found[name]; !ok {
			t.Errorf("no check of %s", name)
		}
	}
}

func TestTheShellFramesOneSiteAlone(t *testing.T) {
	w := newWorld(t, nil)
	label, err := mustParse(t, "example.org").Label()
	w.check(err)
	resp, body := w.do("GET", "/app/"+label+"/page?x", nil, "Authorization: ")
	csp := resp.Header.Get("Content-Security-Policy")
	if resp.StatusCode != 200 || !strings.Contains(csp, "frame-src http://"+label+".localhost:"+strconv.Itoa(w.port)+";") {
		t.Errorf("%s, CSP %q", resp.Status, csp)
	}
	if strings.Contains(string(body), w.token) {
		t.Error("the shell holds the token")
	}
	resp, _ = w.do("GET", "/app/"+strings.ToUpper(label)+"/", nil, "Authorization: ")
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-src http://"+label+".localhost:") {
		t.Errorf("another spelling: CSP %q", resp.Header.Get("Content-Security-Policy"))
	}
	for _, path := range []string{"/app/x;script-src%20*/", "/app/..%2f/", "/app/localhost/", "/app/"} {
		if resp, _ := w.do("GET", path, nil); resp.StatusCode != 404 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}
