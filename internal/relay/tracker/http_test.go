package tracker_test

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
)

const (
	escapedHash = "%00%ff%124Vx%9a%bc%de%f1%23Eg%89%ab%cd%ef%124V"
	plainHash   = "\x00\xff\x124Vx\x9a\xbc\xde\xf1#Eg\x89\xab\xcd\xef\x124V"
)

// get asks the HTTP tracker, as the client forwarded by a proxy if it is named.
func (r *running) get(t *testing.T, target, forwarded string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.tcp+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func announceTarget(id byte, port int, more string) string {
	return fmt.Sprintf("/announce?info_hash=%s&peer_id=-XX0000-%012d&port=%d&uploaded=0&downloaded=0%s", escapedHash, id, port, more)
}

// TestHTTPTracker is the conversation of BEP 3, 7, 23, 24 and 48, step by step
// with one tracker.
func TestHTTPTracker(t *testing.T) {
	r := run(t, tracker.Options{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	const rest = "8:intervali900e12:min intervali60e"
	for _, c := range []struct{ name, target, from, want string }{
		{
			"BEP 3: the first is alone", announceTarget(1, 6881, "&left=0&event=started&compact=1"), "192.0.2.1",
			"d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0110:incompletei0e" + rest + "5:peers0:e",
		},
		{
			"BEP 23: compact peers", announceTarget(2, 6882, "&left=5&event=started&compact=1"), "192.0.2.2",
			"d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0210:incompletei1e" + rest + "5:peers6:\xc0\x00\x02\x01\x1a\xe1e",
		},
		{
			"BEP 23: compact unless refused", announceTarget(2, 6882, "&left=5"), "192.0.2.2",
			"d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0210:incompletei1e" + rest + "5:peers6:\xc0\x00\x02\x01\x1a\xe1e",
		},
		{
			"BEP 3: dictionaries", announceTarget(2, 6882, "&left=5&compact=0"), "192.0.2.2",
			"d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0210:incompletei1e" + rest +
				"5:peersld2:ip9:192.0.2.17:peer id20:-XX0000-0000000000014:porti6881eeee",
		},
		{
			"no_peer_id", announceTarget(2, 6882, "&left=5&compact=0&no_peer_id=1"), "192.0.2.2",
			"d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0210:incompletei1e" + rest +
				"5:peersld2:ip9:192.0.2.14:porti6881eeee",
		},
		{
			"BEP 7: peers6 beside peers", announceTarget(3, 6883, "&left=0&compact=1&numwant=2"), "2001:db8::3",
			"d8:completei2e10:downloadedi0e11:external ip16:\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0310:incompletei1e" +
				rest + "5:peers6:\xc0\x00\x02\x02\x1a\xe2e",
		},
		{
			"BEP 7: an IPv4 peer gets them too, and claims of other addresses are not believed",
			announceTarget(4, 6884, "&left=1&numwant=2&ip=203.0.113.9&ipv6=2001%3Adb8%3A%3A9"), "192.0.2.4", "",
		},
		{
			"completed", announceTarget(2, 6882, "&left=0&event=completed&numwant=0"), "192.0.2.2",
			"d8:completei3e10:downloadedi1e11:external ip4:\xc0\x00\x02\x0210:incompletei1e" + rest + "5:peers0:e",
		},
		{
			"BEP 48: scrape, in order and each once",
			"/scrape?info_hash=zzzzzzzzzzzzzzzzzzzz&info_hash=" + escapedHash + "&info_hash=" + escapedHash, "192.0.2.2",
			"d5:filesd20:" + plainHash + "d8:completei3e10:downloadedi1e10:incompletei1ee" +
				"20:zzzzzzzzzzzzzzzzzzzzd8:completei0e10:downloadedi0e10:incompletei0eee5:flagsd20:min_request_intervali60eee",
		},
		{
			"stopped", announceTarget(1, 6881, "&left=0&event=stopped"), "192.0.2.1",
			"d8:completei2e10:downloadedi1e11:external ip4:\xc0\x00\x02\x0110:incompletei1e" + rest + "5:peers0:e",
		},
	} {
		status, got := r.get(t, c.target, c.from)
		switch {
		case status != http.StatusOK:
			t.Errorf("%s: status %d", c.name, status)
		case c.want != "" && got != c.want:
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		case c.want == "" && (!strings.Contains(got, "6:peers618:\x20\x01\x0d\xb8") || strings.Contains(got, "\xcb\x00\x71\x09") || strings.HasSuffix(got, "\x09\x1a\xe4e")):
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestHTTPTrackerRefuses(t *testing.T) {
	r := run(t, tracker.Options{})
	id := "&peer_id=aaaaaaaaaaaaaaaaaaaa"
	for target, want := range map[string]string{
		"/announce": "info_hash must be 20 octets",
		"/announce?info_hash=short" + id + "&port=1":                                         "info_hash must be 20 octets",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaaaa" + id:                                     "info_hash must be 20 octets",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaa%zz" + id:                                    "info_hash must be 20 octets",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaa%6" + id:                                     "info_hash must be 20 octets",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=1":                                    "peer_id must be 20 octets",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaaa" + id:                                      "port must be between 1 and 65535",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=65536" + id:                           "port must be between 1 and 65535",
		"/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=-1" + id:                              "port must be between 1 and 65535",
		"/announce?x=" + strings.Repeat("a", 6000):                                           "query is too long or wrongly escaped",
		"/announce?" + strings.Repeat("info_hash=aaaaaaaaaaaaaaaaaaaa&", 2) + id + "&port=1": "info_hash must be 20 octets",
		"/scrape": "name the swarms to scrape by info_hash",
	} {
		status, got := r.get(t, target, "")
		if want = fmt.Sprintf("d14:failure reason%d:%se", len(want), want); status != http.StatusOK || got != want {
			t.Errorf("%.60s: %d %q, want %q", target, status, got, want)
		}
	}
	if status, _ := r.get(t, "/other", ""); status != http.StatusNotFound {
		t.Errorf("/other: status %d", status)
	}
	resp, err := http.Post("http://"+r.tcp+"/announce", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", resp.StatusCode)
	}
	if m := r.Metrics(); m.Swarms != 0 || m.Peers != 0 || m.HTTP.Invalid != 12 {
		t.Errorf("after refusals alone: %+v", m)
	}
}

func TestWhoAsksTooMuchIsToldWhenToComeAgain(t *testing.T) {
	r := run(t, tracker.Options{Rate: guard.Limit{PerSecond: 0.001, Burst: 3}, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	for range 3 {
		if status, got := r.get(t, announceTarget(1, 1, ""), "192.0.2.1"); status != http.StatusOK {
			t.Fatalf("%d %q", status, got)
		}
	}
	status, got := r.get(t, announceTarget(1, 1, ""), "192.0.2.1")
	if status != http.StatusTooManyRequests || got != "d14:failure reason35:too many requests from your address8:retry ini5ee" {
		t.Errorf("%d %q", status, got)
	}
	if status, _ := r.get(t, announceTarget(1, 1, ""), "192.0.2.2"); status != http.StatusOK {
		t.Errorf("another address: %d", status)
	}
	if n := r.Metrics().HTTP.Refused; n != 1 {
		t.Errorf("%d refusals counted, want 1", n)
	}
}
