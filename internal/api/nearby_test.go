package api_test

import (
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/loud"
	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby"
	"github.com/kith-web/kith/internal/nearby/serve"
	"github.com/kith-web/kith/internal/nearby/transfer"
	"github.com/kith-web/kith/internal/store"
)

// neighbour is a device on loopback, and what it serves.
func neighbour(t *testing.T, name string) *api.Nearby {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bucket, err := db.Bucket("nearby")
	if err != nil {
		t.Fatal(err)
	}
	link := map[bool]string{true: "lo", false: "lo0"}[runtime.GOOS == "linux"]
	s, err := nearby.New(nearby.Options{
		Name: name, Store: bucket, Listen: netip.MustParseAddrPort("127.0.0.1:0"), Interfaces: []string{link},
		Dir: t.TempDir(), Receive: true, Advertise: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Agent().SetDiscovering(true); err != nil {
		loud.Skip(t, "no multicast here: %v", err)
	}
	serves, err := serve.New(serve.Options{Nearby: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serves.Close() })
	visitor := serve.NewVisitor(s, nil)
	t.Cleanup(func() { _ = visitor.Close() })
	return &api.Nearby{Service: s, Serves: serves, Visitor: visitor}
}

// near is a world with a device, and another device beside it.
func near(t *testing.T) (w *world, other *api.Nearby) {
	t.Helper()
	own := neighbour(t, "api-own-"+strings.ToLower(t.Name()))
	other = neighbour(t, "api-other-"+strings.ToLower(t.Name()))
	return newWorld(t, func(o *api.Options) { o.Nearby = own }), other
}

// state follows the API's state until it is as wanted.
func (w *world) state(what string, is func(nearby.State) bool) nearby.State {
	w.t.Helper()
	return w.follow(what, is, func(version uint64) (nearby.State, error) { return w.client.NearbyChanged(w.t.Context(), version) })
}

// stateOf follows another device.
func (w *world) stateOf(n *api.Nearby, what string, is func(nearby.State) bool) nearby.State {
	w.t.Helper()
	return w.follow(what, is, func(version uint64) (nearby.State, error) { return n.Service.Changed(w.t.Context(), version) })
}

func (w *world) follow(what string, is func(nearby.State) bool, next func(uint64) (nearby.State, error)) nearby.State {
	w.t.Helper()
	version := uint64(0)
	for deadline := time.Now().Add(time.Minute); ; {
		st, err := next(version)
		w.check(err)
		if is(st) {
			return st
		}
		if version = st.Version; time.Now().After(deadline) {
			w.t.Fatalf("not seen: %s: %+v", what, st)
		}
	}
}

func asked(kind string) func(nearby.State) bool {
	return func(st nearby.State) bool {
		return slices.ContainsFunc(st.Prompts, func(p nearby.Prompt) bool { return p.Kind == kind })
	}
}

// pair pairs the API's device with another, by the prompts of both.
func (w *world) pair(other *api.Nearby) nearby.Device {
	w.t.Helper()
	type answer struct {
		device nearby.Device
		err    error
	}
	paired := make(chan answer, 1)
	go func() {
		d, err := w.client.NearbyPair(w.t.Context(), other.Service.State().Name, "")
		paired <- answer{d, err}
	}()
	code := w.stateOf(other, "a code", asked("show")).Prompts[0].Code
	prompt := "/api/v1/nearby/prompts/" + w.state("a question", asked("ask")).Prompts[0].ID
	w.call("POST", prompt, `{"code":"no digits"}`, 400, nil)
	w.call("POST", "/api/v1/nearby/prompts/none", `{"code":"123456"}`, 404, nil)
	w.call("POST", prompt, `{"code":"`+code+`"}`, 204, nil)
	w.call("POST", prompt, `{"code":"`+code+`"}`, 404, nil)
	a := <-paired
	w.check(a.err)
	if a.device.Paired == nil || a.device.ID != other.Service.ID() {
		w.t.Fatalf("paired with %+v", a.device)
	}
	return a.device
}

func TestDevicesNearbyArePairedChangedAndForgotten(t *testing.T) {
	w, other := near(t)
	before := w.state("a state", func(nearby.State) bool { return true })
	w.call("GET", "/api/v1/nearby?after=x", "", 400, nil)
	w.call("PATCH", "/api/v1/nearby", `{"name":"\u0000"}`, 400, nil)
	w.call("PATCH", "/api/v1/nearby", `{"name":"renamed"}`, 204, nil)
	if st := w.state("the new name", func(st nearby.State) bool { return st.Name == "renamed" }); st.Version <= before.Version {
		t.Errorf("version %d after %d", st.Version, before.Version)
	}
	w.call("POST", "/api/v1/nearby/pair", `{"device":`, 400, nil)
	d := w.pair(other)
	device := "/api/v1/nearby/devices/" + d.ID
	var changed nearby.Device
	w.call("PATCH", device, `{"name":"bob","trusted":true}`, 200, &changed)
	if changed.Name != "bob" || !changed.Trusted || changed.ID != d.ID {
		t.Errorf("changed: %+v", changed)
	}
	w.call("PATCH", device, `{"trusted":false}`, 200, &changed)
	if changed.Name != "bob" || changed.Trusted {
		t.Errorf("changed again: %+v", changed)
	}
	for _, route := range []string{"PATCH /api/v1/nearby/devices/none", "DELETE /api/v1/nearby/devices/none", "GET /api/v1/nearby/devices/none/serves"} {
		method, path, _ := strings.Cut(route, " ")
		w.call(method, path, "{}", 404, nil)
	}
	w.check(other.Serves.Add(serve.Serve{Name: "docs", Folder: t.TempDir()}))
	var told []serve.Told
	w.call("GET", device+"/serves", "", 200, &told)
	if !slices.Equal(told, []serve.Told{{Name: "docs", Kind: "folder"}}) {
		t.Errorf("it serves %+v", told)
	}
	w.call("DELETE", device, "", 204, nil)
	w.call("GET", device+"/serves", "", 404, nil)
}

// endedAs waits until a transfer ended, and says how.
func (w *world) endedAs(id string) transfer.State {
	w.t.Helper()
	var state transfer.State
	w.state("the end of a transfer", func(st nearby.State) bool {
		i := slices.IndexFunc(st.Transfers, func(t nearby.Transfer) bool { return t.ID == id && t.Ended != nil })
		if i >= 0 {
			state = st.Transfers[i].State
		}
		return i >= 0
	})
	return state
}

func (w *world) holds(path, want string) {
	w.t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		w.t.Errorf("%s holds %q, %v", path, got, err)
	}
}

func TestFilesAreSentToADeviceNearby(t *testing.T) {
	w, other := near(t)
	d := w.pair(other)
	src, in := w.folder("letter.txt", "Dear Bob"), t.TempDir()
	for _, bad := range []string{`{`, `{"paths":["letter.txt"],"to":["` + d.ID + `"]}`, `{"paths":["` + src + `"],"to":[]}`, `{"paths":["` + src + `"],"to":["x"],"code":"x"}`} {
		w.call("POST", "/api/v1/nearby/send", bad, 400, nil)
	}
	send := func() string {
		var sent nearby.Sent
		w.call("POST", "/api/v1/nearby/send", `{"paths":["`+filepath.ToSlash(filepath.Join(src, "letter.txt"))+`"],"to":["`+d.ID+`"]}`, 200, &sent)
		return sent.Transfers[0]
	}
	id := send()
	offer := w.stateOf(other, "an offer", func(st nearby.State) bool { return len(st.Offers) > 0 }).Offers[0]
	w.check(other.Service.AnswerOffer(offer.ID, nearby.Answered{Accept: true, Into: in}))
	if got := w.endedAs(id); got != transfer.StateDone {
		t.Errorf("the transfer ended as %s", got)
	}
	w.holds(filepath.Join(in, "letter.txt"), "Dear Bob")

	id = send() // and stopped, before anybody answers
	w.stateOf(other, "an offer", func(st nearby.State) bool { return len(st.Offers) > 0 })
	w.call("DELETE", "/api/v1/nearby/transfers/"+id, "", 204, nil)
	if got := w.endedAs(id); got != transfer.StateCanceled {
		t.Errorf("the stopped transfer ended as %s", got)
	}
	w.call("DELETE", "/api/v1/nearby/transfers/none", "", 404, nil)
}

func TestAnUploadIsSentToADeviceNearby(t *testing.T) {
	w, other := near(t)
	d := w.pair(other)
	in := t.TempDir()
	_, err := other.Service.StartReceiving(nearby.Reception{Into: in, Yes: true})
	w.check(err)
	up := w.begin()
	w.put(up, "album/%C3%BC.txt", "deep", 204)
	w.put(up, "top.txt", "top", 204)
	var sent nearby.Sent
	w.call("POST", up+"/send", `{"to":["`+d.Name+`"]}`, 200, &sent)
	if got := w.endedAs(sent.Transfers[0]); got != transfer.StateDone {
		t.Errorf("the transfer ended as %s", got)
	}
	w.holds(filepath.Join(in, "album", "ü.txt"), "deep")
	w.holds(filepath.Join(in, "top.txt"), "top")
	w.call("POST", up+"/send", `{"to":["`+d.Name+`"]}`, 404, nil) // it was used up
	w.call("POST", "/api/v1/uploads/none/send", `{"to":["x"]}`, 404, nil)
	up = w.begin()
	w.put(up, "a", "a", 204)
	w.call("POST", up+"/send", `{"to":[]}`, 400, nil)
	for deadline := time.Now().Add(time.Minute); len(left(t, w.home)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %q", left(t, w.home))
		}
	}
}

func TestOffersAreAnsweredAndReceptionsEnd(t *testing.T) {
	w, other := near(t)
	d := w.pair(other)
	src, in := w.folder("gift", "for you"), t.TempDir()
	offered := func() string {
		_, err := other.Service.Send(t.Context(), nearby.SendRequest{Paths: []string{filepath.Join(src, "gift")}, To: []string{w.state("a state", func(nearby.State) bool { return true }).ID}})
		w.check(err)
		return "/api/v1/nearby/offers/" + w.state("an offer", func(st nearby.State) bool { return len(st.Offers) > 0 }).Offers[0].ID
	}
	offer := offered()
	w.call("POST", offer, `{"accept":true,"into":"relative"}`, 400, nil)
	w.call("POST", offer, `{"accept":false}`, 204, nil)
	w.call("POST", offer, `{"accept":true}`, 404, nil)
	w.call("POST", offered(), `{"accept":true,"into":"`+filepath.ToSlash(in)+`"}`, 204, nil)
	w.state("a transfer that is done", func(st nearby.State) bool {
		return slices.ContainsFunc(st.Transfers, func(t nearby.Transfer) bool {
			return t.State == transfer.StateDone && t.Direction == nearby.Receiving && t.Device == d.ID
		})
	})
	w.holds(filepath.Join(in, "gift"), "for you")

	var r struct{ ID string }
	w.call("POST", "/api/v1/nearby/receptions", `{"code":"x"}`, 400, nil)
	w.call("POST", "/api/v1/nearby/receptions", `{"code":"123456","yes":true}`, 200, &r)
	w.call("POST", "/api/v1/nearby/receptions", `{"code":"654321"}`, 409, nil)
	w.call("DELETE", "/api/v1/nearby/receptions/"+r.ID, "", 204, nil)
	w.call("POST", "/api/v1/nearby/receptions", `{"code":"654321"}`, 200, &r)
}

func TestWhatThisDeviceServes(t *testing.T) {
	w, _ := near(t)
	dir := filepath.ToSlash(t.TempDir())
	w.call("PUT", "/api/v1/nearby/serves/-", `{"folder":"`+dir+`"}`, 204, nil)
	w.call("PUT", "/api/v1/nearby/serves/home", `{"target":"http://localhost:8123"}`, 204, nil)
	for _, bad := range []string{`{}`, `{"folder":"relative"}`, `{"target":"ftp://x"}`, `{"folder":"` + dir + `","target":"http://x"}`, `{`} {
		w.call("PUT", "/api/v1/nearby/serves/home", bad, 400, nil)
	}
	w.call("PUT", "/api/v1/nearby/serves/No-Name", `{"folder":"`+dir+`"}`, 400, nil)
	w.call("PUT", "/api/v1/nearby/serves/gone", `{"folder":"`+dir+`/none"}`, 404, nil)
	var list []serve.Serve
	w.call("GET", "/api/v1/nearby/serves", "", 200, &list)
	if len(list) != 2 || list[0].Name != "" || list[1].Name != "home" || list[1].Target != "http://localhost:8123" {
		t.Errorf("served: %+v", list)
	}
	w.call("DELETE", "/api/v1/nearby/serves/-", "", 204, nil)
	w.call("DELETE", "/api/v1/nearby/serves/-", "", 404, nil)
	w.call("GET", "/api/v1/nearby/serves", "", 200, &list)
	if len(list) != 1 {
		t.Errorf("served after the end: %+v", list)
	}
}

// nearbyRoutes is every route of devices nearby.
func nearbyRoutes() []string {
	return []string{
		"GET /api/v1/nearby", "PATCH /api/v1/nearby", "POST /api/v1/nearby/pair", "POST /api/v1/nearby/prompts/x",
		"PATCH /api/v1/nearby/devices/x", "DELETE /api/v1/nearby/devices/x", "GET /api/v1/nearby/devices/x/serves",
		"POST /api/v1/nearby/send", "POST /api/v1/nearby/offers/x", "DELETE /api/v1/nearby/transfers/x",
		"POST /api/v1/nearby/receptions", "DELETE /api/v1/nearby/receptions/x", "GET /api/v1/nearby/serves",
		"PUT /api/v1/nearby/serves/x", "DELETE /api/v1/nearby/serves/x", "POST /api/v1/uploads/x/send",
	}
}

func TestDevicesNearbyAreTheOwnersAlone(t *testing.T) {
	w, _ := near(t)
	before := w.state("a state", func(nearby.State) bool { return true })
	for _, route := range nearbyRoutes() {
		method, path, _ := strings.Cut(route, " ")
		for name, c := range map[string]struct {
			header string
			status int
		}{
			"without a token":     {"Authorization: ", http.StatusUnauthorized},
			"with a wrong token":  {"Authorization: Bearer " + strings.Repeat("0", 64), http.StatusUnauthorized},
			"from another origin": {"Origin: https://evil.example", http.StatusForbidden},
			"by another page":     {"Sec-Fetch-Site: cross-site", http.StatusForbidden},
			"by another name":     {"Host: evil.example", http.StatusForbidden},
		} {
			resp, body := w.do(method, path, strings.NewReader(`{"name":"evil","device":"evil"}`), c.header)
			if resp.StatusCode != c.status || strings.Contains(string(body), before.Fingerprint) {
				t.Errorf("%s %s: %s %.100s, want %d", route, name, resp.Status, body, c.status)
			}
		}
	}
	if st := w.state("a state", func(nearby.State) bool { return true }); st.Name != before.Name {
		t.Errorf("the device is called %q now", st.Name)
	}
}

func TestDevicesNearbyMayBeSwitchedOff(t *testing.T) {
	w := newWorld(t, nil)
	for _, route := range nearbyRoutes() {
		method, path, _ := strings.Cut(route, " ")
		resp, body := w.do(method, path, strings.NewReader("{}"))
		if err := fault.Decode(body); resp.StatusCode != 501 || !strings.Contains(fault.Hint(err), "[nearby]") {
			t.Errorf("%s: %s %s", route, resp.Status, body)
		}
	}
}
