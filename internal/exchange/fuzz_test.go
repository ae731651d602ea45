package exchange_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// FuzzDeliver gives a device what a friend may have sealed, and what anybody may
// put into a queue: each delivery is acknowledged, given back or held to be
// answered, once.
func FuzzDeliver(f *testing.F) {
	w, a, b, id := pair(f, 1, network{})
	relation := *a.person.relations[id]
	context, err := seal.NewSendContext(relation)
	fatal(f)(err)
	for _, body := range []any{
		nil,
		seal.Request{Method: "GET", Path: "/"},
		seal.Response{Status: 200},
		seal.WhereBody{At: []seal.Place{{URL: "wss://x", Certificate: make([]byte, 32)}}, Until: 1 << 62},
		seal.ContextID{1},
		[]seal.SharedContext{{Relation: id, Enc: make([]byte, seal.EncSize)}},
		seal.PurgeBody{All: true},
	} {
		octets, err := seal.Marshal(body)
		fatal(f)(err)
		for kind := range byte(25) {
			f.Add(kind, octets, uint64(kind), int64(0), []byte(nil), []byte{1})
		}
	}
	f.Add(byte(2), []byte(nil), uint64(1)<<63, int64(1)<<62, relation.PeerEpoch.Public, []byte(nil))
	ref := exchange.Ref(0)
	f.Fuzz(func(t *testing.T, kind byte, body []byte, number uint64, sent int64, epoch, raw []byte) {
		m := seal.Message{
			Kind: seal.MessageKind(kind), Number: number, Sent: sent, Expires: sent, Body: body, Epoch: epoch,
			Known: []seal.ContextID{{1}},
		}
		b.local = newLocal()
		b.start()
		copy(m.ID[1:], body)
		m.ID[0] = kind + 1
		in := b.people.Inboxes()[0]
		for _, octets := range [][]byte{sealed(w, context, m), raw} {
			if octets == nil {
				continue
			}
			ref++
			ends := 0
			for _, e := range b.core.Deliver(exchange.Delivery{Ref: ref, Inbox: in, Body: octets}) {
				switch e := e.(type) {
				case exchange.Ack:
					ends++
				case exchange.Back:
					ends++
				case exchange.Serve:
					ends++
					if _, err := b.core.Answered(e.Token, seal.Response{Status: 200}); err != nil {
						t.Error(err)
					}
				}
			}
			if ends > 1 || ends == 0 && m.Kind != seal.Ask {
				t.Errorf("kind %d: %d ends of one delivery", kind, ends)
			}
		}
		w.now = w.now.Add(time.Minute)
		_, err := b.core.Tick()
		fatal(t)(err)
	})
}

// sealed is nil for what a sender cannot encode.
func sealed(w *world, c seal.SendContext, m seal.Message) []byte {
	octets, err := c.Seal(w.octets, m, true)
	if err != nil {
		return nil
	}
	return octets
}
