package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

func TestAnEnvelopeOpensAtTheOtherSideAlone(t *testing.T) { // §5.1
	h := friends(t)
	c := must(seal.NewSendContext(h.first.Relation))(t)
	sent := message(t, "hello")
	envelope := must(c.Seal(newRand("n"), sent, true))(t)
	open, got, err := seal.OpenNew(h.second.Relation, envelope)
	if err != nil || got.ID != sent.ID || !bytes.Equal(got.Body, sent.Body) {
		t.Fatalf("opened %+v, %v", got, err)
	}
	if open.Epoch != h.second.Relation.Epochs[0].ID {
		t.Errorf("opened with epoch %x", open.Epoch)
	}
	if _, _, err := seal.OpenNew(h.first.Relation, envelope); err == nil {
		t.Error("the sender's side opened its own envelope: directions are not told apart")
	}
	short := must(c.Seal(newRand("m"), sent, false))(t)
	if len(short) != seal.Sizes()[0] {
		t.Errorf("a short message without its encapsulation takes %d octets", len(short))
	}
	if got, err := open.Open(short); err != nil || got.ID != sent.ID {
		t.Errorf("without enc: %+v, %v", got, err)
	}
	if _, _, err := seal.OpenNew(h.second.Relation, short); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown context without enc: %v", err)
	}
	for _, i := range []int{0, 9, 1130, 1145, len(envelope) - 1} {
		bad := bytes.Clone(envelope)
		bad[i] ^= 1
		if _, err := open.Open(bad); err == nil {
			t.Errorf("opened although octet %d was changed", i)
		}
	}
}

func TestEnvelopesHaveFourLengths(t *testing.T) { // mailbox.md §1
	h := friends(t)
	c := must(seal.NewSendContext(h.first.Relation))(t)
	for n, want := range map[int]int{0: 1536, 200: 1536, 2800: 4096, 2900: 16384, 15000: 16384, 16000: 65536, seal.Room - 200: 65536} {
		e := must(c.Seal(newRand("n"), message(t, strings.Repeat("x", n)), true))(t)
		if len(e) != want {
			t.Errorf("a body of %d octets makes an envelope of %d, not %d", n, len(e), want)
		}
	}
	if e := must(c.Seal(newRand("n"), message(t, strings.Repeat("x", 1024)), false))(t); len(e) > 4*1024 {
		t.Errorf("1 KB takes %d octets", len(e))
	}
	if _, err := c.Seal(newRand("n"), message(t, strings.Repeat("x", seal.Room)), true); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too large: %v", err)
	}
}

func TestTheNoticeKeyOpensTwoKindsOnly(t *testing.T) { // §3.2
	h := friends(t)
	c := must(seal.NewNoticeContext(h.first.Relation))(t)
	if _, err := c.Seal(newRand("n"), message(t, nil), true); err == nil {
		t.Error("a request was sealed to the notice key")
	}
	m := message(t, seal.ContextID{7})
	m.Kind = seal.Unknown
	envelope := must(c.Seal(newRand("n"), m, true))(t)
	open, got, err := seal.OpenNew(h.second.Relation, envelope)
	if err != nil || got.Kind != seal.Unknown || !open.Notice {
		t.Fatalf("opened %+v, %v", got, err)
	}
	c.Notice = false // a sender that does not keep to it
	if _, _, err := seal.OpenNew(h.second.Relation, must(c.Seal(newRand("n"), message(t, nil), true))(t)); err == nil {
		t.Error("a request that was sealed to the notice key was taken")
	}
}

func TestContextsSurviveBeingKept(t *testing.T) {
	h := friends(t)
	c := must(seal.NewSendContext(h.first.Relation))(t)
	var kept seal.SendContext
	if err := seal.Unmarshal(must(seal.Marshal(c))(t), &kept); err != nil {
		t.Fatal(err)
	}
	open, _, err := seal.OpenNew(h.second.Relation, must(kept.Seal(newRand("n"), message(t, nil), true))(t))
	if err != nil {
		t.Fatal(err)
	}
	shared := must(seal.OpenContext(h.second.Relation, h.second.Relation.Epochs[0], c.Enc))(t)
	if shared.ID != open.ID || !bytes.Equal(shared.Key, open.Key) {
		t.Error("another device of the same person derives another context")
	}
}

func FuzzEnvelope(f *testing.F) {
	h := friends(f)
	c := must(seal.NewSendContext(h.first.Relation))(f)
	f.Add(must(c.Seal(newRand("n"), message(f, "x"), true))(f))
	f.Add(must(c.Seal(newRand("n"), message(f, "x"), false))(f))
	f.Add(make([]byte, 1536))
	f.Fuzz(func(t *testing.T, b []byte) {
		if open, m, err := seal.OpenNew(h.second.Relation, b); err == nil {
			if again, err := open.Open(b); err != nil || again.ID != m.ID {
				t.Errorf("opened once only: %v", err)
			}
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add(must(seal.Marshal(message(f, seal.Request{Method: "GET", Path: "/a", Header: map[string]string{"accept": "*/*"}})))(f))
	f.Add(must(seal.Marshal(seal.Message{Kind: seal.Keys, ID: seal.MessageID{1}, Known: []seal.ContextID{{1}}}))(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := seal.ParseMessage(b)
		if err != nil {
			return
		}
		var request seal.Request
		var response seal.Response
		for _, v := range []any{&request, &response, &seal.PurgeBody{}, &seal.WhereBody{}, &[]seal.Mailbox{}} {
			_ = m.Decode(v) // must not panic
		}
		if response.Chunks != nil && response.Chunks.Check() == nil && len(response.Chunks.At) > 1100 {
			t.Errorf("%d chunks were let through", len(response.Chunks.At))
		}
		if _, err := seal.Marshal(m); err != nil {
			t.Errorf("cannot be encoded again: %v", err)
		}
	})
}
