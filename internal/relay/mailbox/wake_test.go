package mailbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/mailbox"
)

// TestWake: who sleeps is woken by an empty push, at most once a minute, and not
// where it may not go.
func TestWake(t *testing.T) {
	pushes := make(chan *http.Request, 10)
	answer := http.StatusCreated
	service := serve(t, func(w http.ResponseWriter, q *http.Request) {
		w.WriteHeader(answer)
		pushes <- q
	})
	r := start(t, func(o *mailbox.Options) { o.Contact, o.Private = "mailto:relay@example.org", true })
	s := r.dial(t)
	if len(s.Limits().PushKey) != 65 {
		t.Errorf("the relay's key for subscriptions has %d octets, want 65", len(s.Limits().PushKey))
	}
	q := newQueue(t, s)
	for _, bad := range []string{"{", `{"endpoint":"ftp://x"}`, `{"endpoint":"https://a:b@x"}`, `{}`} {
		is(t, s.Push(within(t), q.recipient, []byte(bad)), client.ErrNo)
	}
	must(t, s.Push(within(t), q.recipient, []byte(`{"endpoint":"`+service+`/one","keys":{}}`)))
	for range 3 {
		must(t, s.Put(within(t), q.sender, messageID(), 0, body(1536)))
	}
	var got *http.Request
	select {
	case got = <-pushes:
	case <-time.After(patience):
		t.Fatal("nobody is woken")
	}
	if got.ContentLength > 0 || got.URL.Path != "/one" || got.Header.Get("TTL") == "" {
		t.Errorf("%v is no empty push", got)
	}
	checkVAPID(t, got, s.Limits().PushKey, service)
	until(t, "the push to be counted", func() bool { return r.Count().Woken == 1 })
	if len(pushes) != 0 {
		t.Error("woken more than once a minute")
	}
	// A subscription that ended is forgotten; who listens is not woken.
	answer = http.StatusGone
	ended := newQueue(t, s)
	must(t, s.Push(within(t), ended.recipient, []byte(`{"endpoint":"`+service+`/two"}`)))
	must(t, s.Put(within(t), ended.sender, messageID(), 0, body(1536)))
	<-pushes
	awake := newQueue(t, s)
	must(t, s.Push(within(t), awake.recipient, []byte(`{"endpoint":"`+service+`/three"}`)))
	ch := collect(t, s, awake, 1)
	must(t, s.Put(within(t), awake.sender, messageID(), 0, body(1536)))
	next(t, ch)
	must(t, s.Push(within(t), awake.recipient, nil))
	if len(pushes) != 0 {
		t.Error("woken although somebody listens")
	}
}

// TestWakeIsGuarded: an endpoint is anybody's choice.
func TestWakeIsGuarded(t *testing.T) {
	hit := make(chan struct{}, 1)
	service := serve(t, func(http.ResponseWriter, *http.Request) { hit <- struct{}{} })
	r := start(t, func(o *mailbox.Options) { o.Contact = "mailto:relay@example.org" })
	s := r.dial(t)
	q := newQueue(t, s)
	is(t, s.Push(within(t), q.recipient, []byte(`{"endpoint":"`+service+`"}`)), client.ErrNo) // not https
	must(t, s.Push(within(t), q.recipient, []byte(`{"endpoint":"https`+service[len("http"):]+`"}`)))
	must(t, s.Put(within(t), q.sender, messageID(), 0, body(1536)))
	until(t, "the push to be refused", func() bool { return r.Count().NotWoken == 1 })
	select {
	case <-hit:
		t.Error("an address of this computer was reached")
	default:
	}
}

// serve answers HTTP on a port of its own and returns its origin.
func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// checkVAPID verifies a push's signature and claims (RFC 8292 §2).
func checkVAPID(t *testing.T, r *http.Request, public []byte, audience string) {
	t.Helper()
	token, key, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid t="), ", k=")
	if !ok || key != base64.RawURLEncoding.EncodeToString(public) {
		t.Fatalf("Authorization is %q", r.Header.Get("Authorization"))
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	must(t, err)
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	must(t, err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(signature) != 64 || !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the token's signature is not good")
	}
	var c struct {
		Aud, Sub string
		Exp      int64
	}
	must(t, json.Unmarshal(claims, &c))
	if left := time.Until(time.Unix(c.Exp, 0)); c.Aud != audience || c.Sub != "mailto:relay@example.org" || left <= 0 || left > 24*time.Hour {
		t.Errorf("the token claims %+v", c)
	}
}
