package mailbox_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	wire "github.com/kith-web/kith/internal/mailbox"
	"github.com/kith-web/kith/internal/mailbox/client"
	"github.com/kith-web/kith/internal/relay/mailbox"
)

// TestOblivious sends to one relay through another, which hands on keys and
// messages, and nothing else, and to nobody else.
func TestOblivious(t *testing.T) {
	far := start(t, nil)
	near := start(t, func(o *mailbox.Options) {
		o.Forwards, o.ForwardTo = true, []string{far.web()}
		o.Secret = bytes.Repeat([]byte{7}, 32)
	})
	s := far.dial(t)
	q := newQueue(t, s)
	b, err := client.NewOblivious(near.url, far.url, far.ID(), client.Options{})
	must(t, err)
	t.Cleanup(b.Close)
	id, content := messageID(), body(16384)
	must(t, b.Put(within(t), q.sender, id, 0, content))
	must(t, b.Put(within(t), q.sender, id, 0, content))
	ch := collect(t, s, q, 4)
	if d := next(t, ch); d.ID != id || !bytes.Equal(d.Body, content) {
		t.Error("another message came")
	}
	none(t, s, ch)
	is(t, b.Put(within(t), client.Sender{ID: q.sender.ID, Key: newPair(t).recipient}, messageID(), 0, content), client.ErrNo)
	is(t, b.Put(within(t), newPair(t).sender, messageID(), 0, content), client.ErrNo)
	is(t, b.Put(within(t), q.sender, messageID(), 0, body(1000)), client.ErrNo)
	if m := near.Count(); m.Forwarded == 0 || m.Put != 0 || far.Count().Oblivious != 2 {
		t.Errorf("%d were forwarded, %d kept in between, %d came", m.Forwarded, m.Put, far.Count().Oblivious)
	}
	wrong, err := client.NewOblivious(near.url, far.url, near.ID(), client.Options{})
	must(t, err)
	t.Cleanup(wrong.Close)
	is(t, wrong.Put(within(t), q.sender, messageID(), 0, content), client.ErrOther)

	for name, to := range map[string]string{
		"loopback": start(t, nil).web(), "plain HTTP": "http://192.0.2.1", "a private address": "https://10.0.0.1",
		"loopback by TLS": "https://127.0.0.1:1", "IPv6 loopback": "https://[::1]:1", "a path": far.web() + "/x", "none": "",
		"with a name and password": "https://a:b@relay.example", "embedded": "https://[::ffff:127.0.0.1]:1", "metadata": "https://169.254.169.254",
	} {
		ask, err := http.NewRequestWithContext(within(t), http.MethodGet, near.web()+wire.ForwardPath+"?to="+to, nil)
		must(t, err)
		if got := status(t, ask); got != http.StatusForbidden && got != http.StatusServiceUnavailable {
			t.Errorf("forwarding to %s (%s) is answered %d", name, to, got)
		}
	}
	ask, err := http.NewRequestWithContext(within(t), http.MethodGet, far.web()+wire.ForwardPath+"?to="+far.web(), nil)
	must(t, err)
	if got := status(t, ask); got != http.StatusNotFound {
		t.Errorf("a relay that does not forward answers %d", got)
	}
}

// TestObliviousKeysReplaced has a sender know a key that is not good any more: it
// asks for the new one.
func TestObliviousKeysReplaced(t *testing.T) {
	dir, nearDir := t.TempDir(), t.TempDir()
	far := run(t, dir, "127.0.0.1:0", open(dir))
	forwards := open(nearDir)
	forwards.Forwards, forwards.ForwardTo = true, []string{far.web()}
	near := run(t, nearDir, "127.0.0.1:0", forwards)
	s, err := client.Dial(within(t), far.url, client.Options{})
	must(t, err)
	q := newQueue(t, s)
	must(t, s.Close())
	b, err := client.NewOblivious(near.url, far.url, far.ID(), client.Options{})
	must(t, err)
	must(t, b.Put(within(t), q.sender, messageID(), 0, body(1536)))
	near.stop()
	far.stop()
	b.Close()
	o := open(dir)
	o.KeyAge = 8 * 24 * time.Hour
	again := run(t, dir, strings.TrimPrefix(far.url, "ws://"), o)
	run(t, nearDir, strings.TrimPrefix(near.url, "ws://"), forwards)
	must(t, b.Put(within(t), q.sender, messageID(), 0, body(1536)))
	b.Close()
	if m := again.Count(); m.Refused != 1 || m.Oblivious != 1 {
		t.Errorf("%d were refused and %d came, want one each", m.Refused, m.Oblivious)
	}
}

// TestObliviousNonsense is refused.
func TestObliviousNonsense(t *testing.T) {
	r := start(t, nil)
	for _, b := range [][]byte{nil, body(10), body(500), body(70_000)} {
		ask, err := http.NewRequestWithContext(within(t), http.MethodPost, r.web()+wire.OHTTPPath, bytes.NewReader(b))
		must(t, err)
		if got := status(t, ask); got != http.StatusBadRequest {
			t.Errorf("%d random octets are answered %d", len(b), got)
		}
	}
}
