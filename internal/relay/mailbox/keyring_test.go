package mailbox

import (
	"bytes"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/mailbox/ohttp"
)

// TestKeysAreReplaced: a key is told for a week and good for another (RFC 9458
// §3.1), the same at all relays with the secret.
func TestKeysAreReplaced(t *testing.T) {
	const week = 7 * 24 * time.Hour
	now := time.Unix(0, 0).Add(3000 * week)
	ring := func(secret byte) *keyring {
		k := newKeyring(&Options{Secret: bytes.Repeat([]byte{secret}, 32), KeyAge: week})
		k.now = func() time.Time { return now }
		return k
	}
	one, two, other := ring(1), ring(1), ring(2)
	told := func(k *keyring) []byte {
		keys, err := k.keys()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	opens := func(k *keyring, sealed []byte) bool {
		request, _, err := k.open(sealed)
		return err == nil && string(request) == "hello"
	}
	first := told(one)
	sealed, _, err := ohttp.Seal(first, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if opens(other, sealed) {
		t.Error("a relay with another secret opens a request")
	}
	for _, c := range []struct {
		after       time.Duration
		told, opens bool
	}{{0, true, true}, {week - 1, true, true}, {week, false, true}, {2*week - 1, false, true}, {2 * week, false, false}, {257 * week, false, false}} {
		now = time.Unix(0, 0).Add(3000*week + c.after)
		for _, k := range []*keyring{one, two} {
			if is := bytes.Equal(told(k), first); is != c.told {
				t.Errorf("after %v the first key is told: %v", c.after, is)
			}
			if is := opens(k, sealed); is != c.opens {
				t.Errorf("after %v the first key is good: %v", c.after, is)
			}
		}
	}
	if n := len(one.turns); n > 2 {
		t.Errorf("%d keys are kept", n)
	}
}
