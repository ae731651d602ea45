package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/gateway"
)

// awaitWaiting returns once something waits for peers.
func (w *world) awaitWaiting() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if err := w.network.AwaitWaiting(ctx, 1); err != nil {
		w.t.Fatalf("nothing waits: %v", err)
	}
}

func TestAScriptWaitsAndGetsTheBytes(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	w.network.Hold()
	got := make(chan answer, 1)
	go func() { got <- w.get(origin+"/", "Accept: */*") }()
	w.awaitWaiting()
	select {
	case a := <-got:
		t.Fatalf("answered before a peer did: %+v", a)
	default:
	}
	w.network.Release()
	if a := <-got; a.status != 200 || a.body != "home" {
		t.Errorf("%+v", a)
	}
}

func TestAScriptGetsAnHonest504(t *testing.T) {
	w := newWorld(t, gateway.Options{Patience: ms(50)})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home"), "video.mp4": enginetest.Bytes(1, 100_000)})
	for _, what := range []string{"looking for the site", "looking for the file"} {
		w.network.Hold()
		if what == "looking for the file" {
			w.network.Pass(1)
		}
		for _, path := range []string{"/", "/video.mp4"} {
			got := w.get(origin+path, "Accept: */*")
			if got.status != 504 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") ||
				got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "" {
				t.Errorf("%s: %d %v", what, got.status, got.header)
			}
			if !strings.Contains(got.body, "peer") || !strings.Contains(got.body, "kith doctor") {
				t.Errorf("%s: no reason and next step in %q", what, got.body)
			}
			asked := w.get(origin+path, "Accept: application/json")
			if asked.status != 504 || !strings.Contains(asked.body, `"kind":"unreachable"`) {
				t.Errorf("%s: %d %s", what, asked.status, asked.body)
			}
		}
		w.network.Release()
	}
	if got := w.get(origin + "/video.mp4"); got.status != 200 || len(got.body) != 100_000 {
		t.Errorf("after the peers came back: %d", got.status)
	}
}

// TestAFileIsStreamedWhileItDownloads reads each piece as soon as it came.
func TestAFileIsStreamedWhileItDownloads(t *testing.T) {
	const piece = 16 << 10
	w := newWorld(t, gateway.Options{})
	want := enginetest.Bytes(3, 6*piece)
	origin, _ := w.publish(map[string][]byte{"video.mp4": want})
	w.network.Hold()
	w.network.Pass(2) // the manifest and the first piece
	res, err := w.client.Do(w.request("GET", origin+"/video.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.ContentLength != int64(len(want)) {
		t.Fatalf("%d, %d bytes", res.StatusCode, res.ContentLength)
	}
	for i := range 6 {
		got := make([]byte, piece)
		if _, err := io.ReadFull(res.Body, got); err != nil || !bytes.Equal(got, want[i*piece:(i+1)*piece]) {
			t.Fatalf("piece %d: %v or wrong bytes", i, err)
		}
		if i < 5 {
			w.awaitWaiting()
			w.network.Pass(1)
		}
	}
}

func TestARangeNeedsItsOwnPiecesOnly(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	want := enginetest.Bytes(3, 10<<20)
	origin, _ := w.publish(map[string][]byte{"video.mp4": want})
	w.network.Hold()
	w.network.Pass(2) // the manifest and one piece, in the middle
	got := w.get(origin+"/video.mp4", "Range: bytes=5000000-5000099")
	if got.status != 206 || got.body != string(want[5000000:5000100]) {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
}

func TestWhatIsCutShortIsNotTakenForWhole(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, a := w.publish(map[string][]byte{"video.mp4": enginetest.Bytes(3, 1<<20)})
	w.network.Hold()
	w.network.Pass(3)
	res, err := w.client.Do(w.request("GET", origin+"/video.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	w.awaitWaiting()
	if err := w.to.Remove(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("%d bytes and no error", n)
	}
}

func TestAPersonSeesProgressThenTheSite(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(20)})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home"), "a b": []byte("x")})
	w.network.Hold()
	got := w.get(origin+"/a%20b?x=1", navigation("none")...)
	if got.status != 202 || got.header.Get("Cache-Control") != "no-store" ||
		got.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	for _, want := range []string{
		`role="status"`, `aria-live="polite"`, "Looking for peers", `http-equiv="refresh"`,
		`data-progress="/.kith/progress?path=%2Fa%2520b%3Fx%3D1"`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page has no %s:\n%s", want, got.body)
		}
	}
	res, err := w.client.Do(w.request("GET", origin+"/.kith/progress?path=%2Fa%2520b%3Fx%3D1", "Accept: text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", res.Header)
	}
	events := bufio.NewScanner(res.Body)
	first := nextEvent(t, events)
	if first["state"] != "waiting" || first["peers"] != 1.0 {
		t.Errorf("the first event: %v", first)
	}
	w.network.Release()
	for {
		e := nextEvent(t, events)
		if e["state"] == "ready" {
			break
		}
		if e["state"] != "waiting" {
			t.Fatalf("event: %v", e)
		}
	}
	if got := w.get(origin+"/a%20b?x=1", navigation("none")...); got.status != 200 || got.body != "x" {
		t.Errorf("after that: %d %q", got.status, got.body)
	}
}

func nextEvent(t *testing.T, s *bufio.Scanner) map[string]any {
	t.Helper()
	for s.Scan() {
		data, ok := strings.CutPrefix(s.Text(), "data: ")
		if !ok {
			continue
		}
		var out map[string]any
		if err := json.Unmarshal([]byte(data), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Fatalf("the stream of events ended: %v", s.Err())
	return nil
}

func TestAQuickSiteShowsNoProgress(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: 10 * time.Second})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	w.network.Hold()
	got := make(chan answer, 1)
	go func() { got <- w.get(origin+"/", navigation("none")...) }()
	w.awaitWaiting()
	w.network.Release()
	if a := <-got; a.status != 200 || a.body != "home" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAPageFailsHonestly(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(5), PagePatience: ms(60)})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	w.network.Hold()
	if got := w.get(origin+"/", navigation("none")...); got.status != 202 {
		t.Fatalf("status %d", got.status)
	}
	res, err := w.client.Do(w.request("GET", origin+"/.kith/progress", "Accept: text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	e := nextEvent(t, events)
	for e["state"] == "waiting" {
		e = nextEvent(t, events)
	}
	problem, _ := e["error"].(map[string]any)
	if e["state"] != "failed" || problem["kind"] != "unreachable" || problem["message"] == "" || problem["hint"] == "" {
		t.Errorf("the last event: %v", e)
	}
	// Without scripts: the page that is refreshed says so too, with a way on.
	failed := w.get(origin+"/.kith/progress?path=/", "Accept: text/html")
	if failed.status != 504 || !strings.Contains(failed.body, "Try again") {
		t.Errorf("without scripts: %d %s", failed.status, failed.body)
	}
	// Loading again begins anew, and the site opens when a peer is back.
	w.network.Release()
	if got := w.get(origin+"/.kith/progress?path=/", "Accept: text/html"); got.status != 504 {
		t.Errorf("the outcome is forgotten: %d", got.status)
	}
	w.awaitSite(origin+"/", "home")
	done := w.get(origin+"/.kith/progress?path=/%3Fx", "Accept: text/html")
	if done.status != 303 || done.header.Get("Location") != "/?x" {
		t.Errorf("without scripts, ready: %d %q", done.status, done.header.Get("Location"))
	}
}

// awaitSite loads a page as a person does until it is the site.
func (w *world) awaitSite(url, body string, headers ...string) {
	w.t.Helper()
	if len(headers) == 0 {
		headers = navigation("none")
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		switch got := w.get(url, headers...); got.status {
		case 200:
			if got.body != body {
				w.t.Errorf("the site is %q", got.body)
			}
			return
		case 202:
			time.Sleep(ms(5))
		default:
			w.t.Fatalf("%d %s", got.status, got.body)
		}
	}
	w.t.Fatal("the site did not open")
}

func TestProgressOfAnotherOriginIsNotTold(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(5)})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	for _, path := range []string{"http://other/", "//other/", "x", "%00%zz"} {
		if got := w.get(origin + "/.kith/progress?path=" + strings.ReplaceAll(path, "%", "%25")); got.status != 400 && got.status != 200 {
			t.Errorf("%q: %d", path, got.status)
		}
	}
	got := w.get(origin+"/.kith/progress", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors")
	if got.status != 403 {
		t.Errorf("a foreign page reads progress: %d", got.status)
	}
	if got := w.get(origin + "/.kith/progress"); strings.Contains(got.body, "memory-") {
		t.Errorf("a site learns who its peers are: %s", got.body)
	}
}

func TestPagesThatWaitAreLimited(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(5), Patience: ms(30), MaxWaiting: 2})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	w.network.Hold()
	for path, want := range map[string]int{"/": 202, "/a": 202} {
		if got := w.get(origin+path, navigation("none")...); got.status != want {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := w.get(origin+"/b", navigation("none")...); got.status != http.StatusGatewayTimeout {
		t.Errorf("one more does not wait without a page: %d", got.status)
	}
	if got := w.get(origin + "/.kith/progress?path=/b"); got.status != http.StatusTooManyRequests {
		t.Errorf("the progress of one more: %d", got.status)
	}
	if got := w.get(origin+"/", navigation("none")...); got.status != 202 {
		t.Errorf("one that waits already: %d", got.status)
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	network := newWorld(t, gateway.Options{Grace: ms(5), PagePatience: time.Hour})
	origin, _ := network.publish(map[string][]byte{"index.html": []byte("home")})
	network.network.Hold()
	if got := network.get(origin+"/", navigation("none")...); got.status != 202 {
		t.Fatalf("status %d", got.status)
	}
	done := make(chan struct{})
	go func() { _ = network.gateway.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Close waits for the search")
	}
}

// TestAStoppingServerDoesNotAnswerWithNothing: an empty 200 would be taken for
// the file.
func TestAStoppingServerDoesNotAnswerWithNothing(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"index.html": []byte("home")})
	for _, headers := range [][]string{{"Accept: */*"}, navigation("none")} {
		w.network.Hold()
		ctx, stop := context.WithCancel(context.Background())
		server := httptest.NewUnstartedServer(w.gateway)
		server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
		server.Start()
		r := w.request("GET", server.URL+"/", headers...)
		r.Host = strings.TrimPrefix(origin, "http://")
		failed := make(chan error, 1)
		go func() {
			res, err := server.Client().Do(r)
			if err == nil {
				_ = res.Body.Close()
			}
			failed <- err
		}()
		w.awaitWaiting()
		stop()
		if err := <-failed; err == nil {
			t.Errorf("%q: an answer while the server stops", headers)
		}
		server.Close()
		w.network.Release()
	}
}

// TestABodyIsCutWhenPeersStay: what has begun does not hold its response for good
// when no more bytes come.
func TestABodyIsCutWhenPeersStay(t *testing.T) {
	w := newWorld(t, gateway.Options{Stall: ms(50), Grace: ms(5)})
	whole := enginetest.Bytes(1, 300_000)
	origin, _ := w.publish(map[string][]byte{"video.mp4": whole})
	w.network.Hold()
	w.network.Pass(2) // the list of files, and the first piece
	begun := time.Now()
	got := w.get(origin + "/video.mp4")
	if got.status != 200 || got.err == nil || len(got.body) == 0 || len(got.body) >= len(whole) {
		t.Errorf("status %d, %d of %d bytes, error %v", got.status, len(got.body), len(whole), got.err)
	}
	if took := time.Since(begun); took < ms(50) {
		t.Errorf("cut after %v", took)
	}
}

// TestAClientMayTakeItsTime: the patience is with peers, not with a reader.
func TestAClientMayTakeItsTime(t *testing.T) {
	w := newWorld(t, gateway.Options{Stall: ms(500)})
	const size = 16 << 20 // more than the buffers between two sockets hold
	origin, _ := w.publish(map[string][]byte{"video.mp4": enginetest.Bytes(1, size)})
	res, err := w.client.Do(w.request("GET", origin+"/video.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	time.Sleep(ms(1500)) // a video that is paused
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Errorf("%d of %d bytes: %v", n, size, err)
	}
}

// TestOneSiteDoesNotTakeEveryPlace: the pages of one site that wait leave room
// for those of others.
func TestOneSiteDoesNotTakeEveryPlace(t *testing.T) {
	w := newWorld(t, gateway.Options{Grace: ms(5), Patience: ms(20), MaxWaiting: 8, MaxSiteWaiting: 2})
	greedy, _ := w.publish(map[string][]byte{"a": []byte("a")})
	other, _ := w.publish(map[string][]byte{"index.html": []byte("b")})
	w.network.Hold()
	for path, want := range map[string]int{"/1": 202, "/2": 202} {
		if got := w.get(greedy+path, navigation("none")...); got.status != want {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := w.get(greedy+"/3", navigation("none")...); got.status != 504 {
		t.Errorf("the third page of one site: %d", got.status)
	}
	if got := w.get(greedy + "/.kith/progress?path=/4"); got.status != 429 {
		t.Errorf("the third search of one site: %d", got.status)
	}
	if got := w.get(other+"/", navigation("none")...); got.status != 202 {
		t.Errorf("a page of another site: %d", got.status)
	}
}
