package ohttp_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/kith-web/kith/internal/mailbox/ohttp"
)

func gateway(t testing.TB, b byte) *ohttp.Gateway {
	t.Helper()
	g, err := ohttp.NewGateway(bytes.Repeat([]byte{b}, 32), 1)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestThereAndBack is RFC 9458 §4: only the gateway reads a request, only its
// asker the answer.
func TestThereAndBack(t *testing.T) {
	g := gateway(t, 1)
	request := ohttp.Request{Method: "POST", Scheme: "https", Authority: "relay", Path: "/x", Content: bytes.Repeat([]byte("m"), 70_000)}
	sealed, mine, err := ohttp.Seal(g.Keys(), request.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(sealed), len(request.Marshal())+ohttp.Overhead; got != want {
		t.Errorf("a request has %d octets, want %d", got, want)
	}
	plain, theirs, err := g.Open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ohttp.ParseRequest(plain)
	if err != nil || !reflect.DeepEqual(got, request) {
		t.Errorf("the request comes as %.100v, %v", got, err)
	}
	for _, r := range []ohttp.Response{{Status: 204}, {Status: 429, RetryAfter: 60}, {Status: 404}} {
		back, err := theirs.Seal(r.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if len(back) != 16+64+16 {
			t.Errorf("the answer %+v has %d octets: they should all be alike", r, len(back))
		}
		opened, err := mine.Open(back)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ohttp.ParseResponse(opened); err != nil || got != r {
			t.Errorf("the answer %+v comes as %+v, %v", r, got, err)
		}
		back[20] ^= 1
		if _, err := mine.Open(back); err == nil {
			t.Error("an answer that was changed is read")
		}
	}
	if _, _, err := gateway(t, 2).Open(sealed); err == nil {
		t.Error("another gateway reads the request")
	}
	sealed[50] ^= 1
	if _, _, err := g.Open(sealed); err == nil {
		t.Error("a request that was changed is read")
	}
}

// TestKeys takes what it knows out of a list (RFC 9458 §3.2).
func TestKeys(t *testing.T) {
	own := gateway(t, 1).Keys()
	unknown := []byte{0, 5, 9, 0, 0x10, 1, 2}
	for name, keys := range map[string][]byte{"alone": own, "after another": append(unknown, own...)} {
		if _, _, err := ohttp.Seal(keys, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, keys := range [][]byte{nil, unknown, own[:20], {0xff, 0xff, 1}} {
		if _, _, err := ohttp.Seal(keys, nil); err == nil {
			t.Errorf("%x is taken for keys", keys)
		}
	}
}

// TestExample is the response of RFC 9292 §5.2 in the known-length form, as far
// as this package reads it.
func TestExample(t *testing.T) {
	b, err := hex.DecodeString("0140c800" + "1d" + "5468697320636f6e74656e7420636f6e7461696e732043524c462e0d0a" + "0d07747261696c65720474657874")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ohttp.ParseResponse(b); err != nil || r.Status != 200 {
		t.Errorf("the example of the RFC reads as %+v, %v", r, err)
	}
}

func FuzzBinary(f *testing.F) {
	f.Add(ohttp.Request{Method: "POST", Path: "/", Content: []byte("x")}.Marshal())
	f.Add(ohttp.Response{Status: 429, RetryAfter: 5}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ohttp.ParseRequest(b); err == nil {
			if again, err := ohttp.ParseRequest(r.Marshal()); err != nil || again.Path != r.Path || !bytes.Equal(again.Content, r.Content) {
				t.Errorf("%+v is read again as %+v, %v", r, again, err)
			}
		}
		if r, err := ohttp.ParseResponse(b); err == nil {
			if again, err := ohttp.ParseResponse(r.Marshal()); err != nil || again != r {
				t.Errorf("%+v is read again as %+v, %v", r, again, err)
			}
		}
	})
}

func FuzzOpen(f *testing.F) {
	g := gateway(f, 1)
	sealed, _, err := ohttp.Seal(g.Keys(), []byte("request"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(g.Keys())
	f.Fuzz(func(t *testing.T, b []byte) {
		if request, _, err := g.Open(b); err == nil && string(request) != "request" {
			t.Errorf("a request that nobody sealed is opened: %x", request)
		}
		_, _, _ = ohttp.Seal(b, nil)
	})
}
