package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestMergePatch has the examples of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"n":1e400,"m":1.0}`, `{"o":"<&>"}`, `{"m":1.0,"n":1e400,"o":"<&>"}`},
	} {
		got, err := mergePatch([]byte(c[0]), []byte(c[1]))
		if err != nil || string(got) != c[2] {
			t.Errorf("%s with %s is %s, want %s (%v)", c[0], c[1], got, c[2], err)
		}
	}
}

func FuzzMergePatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null,"c":[1]}}`))
	f.Add([]byte(`[]`), []byte(`{"a":{"b":{}}}`))
	f.Add([]byte(``), []byte(`1 2`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		got, err := mergePatch(document, patch)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q with %q is no JSON: %q", document, patch, got)
		}
		again, err := mergePatch(got, patch)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q a second time makes %q of %q (%v)", patch, again, got, err)
		}
	})
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-3/10", "bytes 0-3/*", "bytes */10", "bytes */*", "bytes 3-0/10", "bytes 0-10/10", "bytes -1-2/3", "bytes 0-1/18446744073709551616"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := parseContentRange(header)
		if !ok {
			return
		}
		if c.Asks {
			if c.Length != 0 || c.Total < 0 {
				t.Fatalf("%q asks for %+v", header, c)
			}
			return
		}
		if c.From < 0 || c.Length < 1 || c.Total >= 0 && c.From+c.Length > c.Total || c.From+c.Length < 0 {
			t.Fatalf("%q is %+v", header, c)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-3", "bytes=3-", "bytes=-3", "bytes=0-0,2-3", "bytes=5-2", "bytes=-0", "items=0-1", "bytes=99999999999999999999-"} {
		f.Add(s, int64(10))
	}
	f.Add("bytes=-5", int64(0))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		s, ok, within := parseRange(header, size)
		if within && (!ok || s.From < 0 || s.Length < 1 || s.From+s.Length > size) {
			t.Fatalf("%q of %d octets is %+v", header, size, s)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"a/b", "a/", "", "/", "a//b", "%2e%2e/x", "a%2Fb", "%FF", "%C3%BC.txt", "a/./b", strings.Repeat("x", 1025), "%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		path, err := parsePath(escaped)
		if err != nil {
			return
		}
		if len(path) > maxPath || !utf8.ValidString(path) || strings.HasPrefix(path, "/") || strings.Contains(path, "//") ||
			strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") {
			t.Fatalf("%q is %q", escaped, path)
		}
		if again, err := parsePath(escapePath(path)); err != nil || again != path {
			t.Fatalf("%q written is %q (%v)", path, again, err)
		}
		if again, err := checkPath(path); err != nil || again != path {
			t.Fatalf("%q in JSON is %q (%v)", path, again, err)
		}
		if asked, err := url.ParseRequestURI("/" + friendPath(path)); err == nil && asked.Path != "/"+path {
			t.Fatalf("a friend is asked for %q, not %q", asked.Path, path)
		}
	})
}

func FuzzPrefer(f *testing.F) {
	for _, s := range []string{"wait=10", "respond-async, wait=\"3\"; x=y", "WAIT = 4", "wait=-1", "wait=99999999999", "wait", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if got := preferredWait([]string{header}, 2*time.Second, time.Minute); got < 0 || got > time.Minute {
			t.Fatalf("%q is %v", header, got)
		}
	})
}

func TestPrefer(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"wait=10": 10 * time.Second, `respond-async, wait="3"; x=y`: 3 * time.Second, "WAIT = 4": 4 * time.Second,
		"wait=0": 0, "wait=-1": 2 * time.Second, "wait=100": time.Minute, "await=9": 2 * time.Second, "": 2 * time.Second,
	} {
		if got := preferredWait([]string{header}, 2*time.Second, time.Minute); got != want {
			t.Errorf("%q is %v, want %v", header, got, want)
		}
	}
}

func FuzzConditions(f *testing.F) {
	for _, s := range []string{`"a"`, `W/"a"`, `"b", "a"`, `*`, `"a`, `"`, ``, `"a"b"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		strong, weak := lists(header, `"a"`, true), lists(header, `"a"`, false)
		if strong && !weak {
			t.Fatalf("%q matches strongly alone", header)
		}
		if weak && strings.TrimSpace(header) != "*" && !strings.Contains(header, `"a"`) {
			t.Fatalf("%q matches what is not in it", header)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-Match", header)
		if got := conditions(r, `"a"`); got != 0 && got != http.StatusPreconditionFailed {
			t.Fatalf("%q is %d", header, got)
		}
	})
}

func FuzzLabels(f *testing.F) {
	for _, s := range []string{"a, b", "%C3%BC", "%2C", ",,", "%zz", strings.Repeat("a,", 20)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		labels, err := readLabels([]string{header})
		if err != nil {
			return
		}
		again, err := readLabels([]string{writeLabels(labels)})
		if err != nil || strings.Join(again, "\x00") != strings.Join(labels, "\x00") || len(labels) > maxLabels {
			t.Fatalf("%q is %q, and written %q (%v)", header, labels, again, err)
		}
	})
}

func TestNamesOfApps(t *testing.T) {
	for name, want := range map[string]bool{
		"album": true, "a": true, "0.a-b": true, "": false, ".person": false, "-a": false, "Album": false, "a/b": false, "ä": false,
		strings.Repeat("a", 63): true, strings.Repeat("a", 64): false,
	} {
		if isAppName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
