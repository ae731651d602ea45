package gateway_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/gateway"
)

// rangeHeaders are requests for parts, good and bad; %s is the right ETag.
func rangeHeaders() [][]string {
	return [][]string{
		{},
		{"Range: bytes=0-0"},
		{"Range: bytes=0-99"},
		{"Range: bytes=100-"},
		{"Range: bytes=-1"},
		{"Range: bytes=-100000000"},
		{"Range: bytes=0-99999999"},
		{"Range: bytes=16383-16384"},
		{"Range: bytes=99999-"},
		{"Range: bytes=100000-"},
		{"Range: bytes=100000000-"},
		{"Range: bytes=5-4"},
		{"Range: bytes=x-4"},
		{"Range: bytes=-"},
		{"Range: bytes=--4"},
		{"Range: bytes=1-99999999999999999999"},
		{"Range: bytes="},
		{"Range: bytes=0-0,2-2"},
		{"Range: bytes=0-0, 5-9 ,-3"},
		{"Range: bytes=0-0,100000000-"},
		{"Range: bytes=0-0,x"},
		{"Range: bytes=200000-,100000000-"},
		{"Range: bytes=0-,0-"},
		{"Range: bytes=0-9", "If-Range: %s"},
		{"Range: bytes=0-9", `If-Range: "other"`},
		{"Range: bytes=0-9", "If-Range: W/%s"},
		{"Range: bytes=0-9", "If-Range: Mon, 02 Jan 2006 15:04:05 GMT"},
		{"If-None-Match: %s"},
		{"If-None-Match: W/%s"},
		{`If-None-Match: "a", "b"`},
		{`If-None-Match: "a" , %s`},
		{"If-None-Match: *"},
		{"If-None-Match: nonsense"},
		{"If-None-Match: %s", "Range: bytes=0-9"},
		{`If-None-Match: "a"`, "Range: bytes=0-9"},
		{"If-Match: %s"},
		{"If-Match: W/%s"},
		{`If-Match: "a"`},
		{"If-Match: *"},
		{`If-Match: "a",%s`, "Range: bytes=0-9"},
		{"If-Modified-Since: Mon, 02 Jan 2006 15:04:05 GMT"},
		{"If-Unmodified-Since: Mon, 02 Jan 2006 15:04:05 GMT"},
	}
}

// TestRangesAndConditionsAreThoseOfTheStandardLibrary holds answers against
// http.ServeContent, for a file read in one piece and one that is streamed.
func TestRangesAndConditionsAreThoseOfTheStandardLibrary(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	files := map[string][]byte{
		"small.bin": enginetest.Bytes(1, 20_000), "big.bin": enginetest.Bytes(2, 100_000),
	}
	origin, _ := w.publish(files)
	for name, data := range files {
		etag := w.get(origin + "/" + name).header.Get("Etag")
		for _, headers := range rangeHeaders() {
			for i, h := range headers {
				headers[i] = strings.ReplaceAll(h, "%s", etag)
			}
			for _, method := range []string{"GET", "HEAD"} {
				want := oracle(t, w.request(method, origin+"/"+name, headers...), etag, data)
				got := w.do(method, origin+"/"+name, headers...)
				compare(t, method+" "+name+" "+strings.Join(headers, "; "), got, want)
			}
		}
	}
}

// oracle answers a request by http.ServeContent.
func oracle(t *testing.T, r *http.Request, etag string, data []byte) answer {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", etag)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	defer server.Close()
	out := r.Clone(t.Context())
	out.URL.Host, out.RequestURI = server.Listener.Addr().String(), ""
	res, err := server.Client().Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

func compare(t *testing.T, what string, got, want answer) {
	t.Helper()
	if got.status != want.status {
		t.Errorf("%s: status %d, want %d", what, got.status, want.status)
		return
	}
	if r := want.header.Get("Content-Range"); got.header.Get("Content-Range") != r && (r != "" || got.status < 400) {
		t.Errorf("%s: Content-Range %q, want %q", what, got.header.Get("Content-Range"), want.header.Get("Content-Range"))
	}
	if got.status >= 400 {
		return // our own words
	}
	if got.header.Get("Content-Length") != want.header.Get("Content-Length") && !isMultipart(want) {
		t.Errorf("%s: Content-Length %q, want %q", what, got.header.Get("Content-Length"), want.header.Get("Content-Length"))
	}
	if got.header.Get("Etag") != want.header.Get("Etag") {
		t.Errorf("%s: Etag %q, want %q", what, got.header.Get("Etag"), want.header.Get("Etag"))
	}
	if isMultipart(want) {
		compareParts(t, what, got, want)
	} else if got.body != want.body {
		t.Errorf("%s: %d bytes, want %d", what, len(got.body), len(want.body))
	}
}

func isMultipart(a answer) bool {
	return strings.HasPrefix(a.header.Get("Content-Type"), "multipart/byteranges")
}

func compareParts(t *testing.T, what string, got, want answer) {
	t.Helper()
	if !isMultipart(got) {
		t.Errorf("%s: %q is not multipart", what, got.header.Get("Content-Type"))
		return
	}
	if want.body == "" {
		return // HEAD
	}
	g, w := parts(t, got), parts(t, want)
	if len(g) != len(w) {
		t.Errorf("%s: %d parts, want %d", what, len(g), len(w))
		return
	}
	for i := range w {
		if g[i] != w[i] {
			t.Errorf("%s: part %d differs", what, i)
		}
	}
}

// parts are Content-Range and body of each part.
func parts(t *testing.T, a answer) (out [][2]string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(strings.NewReader(a.body), params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, [2]string{p.Header.Get("Content-Range"), string(body)})
	}
}

// TestRangesWhereTheStandardLibraryErrs goes by RFC 9110 §14 instead.
func TestRangesWhereTheStandardLibraryErrs(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"f": enginetest.Bytes(1, 1000), "empty": {}})
	for _, c := range []struct {
		path, value string
		status      int
	}{
		{"/f", "items=0-1", 200}, // a unit nobody knows is ignored
		{"/f", "bytes 0-1", 200},
		{"/f", "bytes=+1-4", 416}, // a sign is no digit
		{"/f", "bytes=5-4", 416},
		{"/empty", "bytes=-1", 200},
		{"/empty", "bytes=0-", 200},
		{"/empty", "bytes=0-0,-5", 200},
	} {
		got := w.get(origin+c.path, "Range: "+c.value)
		if c.status == 416 && !strings.Contains(got.body, "bytes=first-last") {
			t.Errorf("%s says no way out: %s", c.value, got.body)
		}
		if got.status != c.status || (c.status == 416) != (got.header.Get("Content-Range") == "bytes */1000") {
			t.Errorf("%s: %d, Content-Range %q; want %d", c.value, got.status, got.header.Get("Content-Range"), c.status)
		}
	}
}

func TestTooManyRangesGetTheWholeFile(t *testing.T) {
	w := newWorld(t, gateway.Options{MaxRanges: 3})
	origin, _ := w.publish(map[string][]byte{"f": enginetest.Bytes(1, 1000)})
	if got := w.get(origin+"/f", "Range: bytes=0-0,2-2,4-4"); got.status != 206 {
		t.Errorf("three ranges: %d", got.status)
	}
	if got := w.get(origin+"/f", "Range: bytes=0-0,2-2,4-4,6-6"); got.status != 200 || len(got.body) != 1000 {
		t.Errorf("four ranges: %d, %d bytes", got.status, len(got.body))
	}
}

func TestAPageOfErrorsHasNoRanges(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	origin, _ := w.publish(map[string][]byte{"404.html": []byte("no such page")})
	got := w.get(origin+"/x", "Range: bytes=0-1")
	if got.status != 404 || got.body != "no such page" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if got := w.get(origin+"/x", "If-None-Match: *"); got.status != 404 {
		t.Errorf("a condition on what is not there: %d", got.status)
	}
}
