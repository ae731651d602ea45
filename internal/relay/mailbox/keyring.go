package mailbox

import (
	"strconv"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox/ohttp"
)

// keyring has the keys that oblivious requests are sealed for (spec/mailbox.md §4).
// Each is told for a time and good for as long again. They are made from the
// relay's secret and the time, so that relays with one secret have the same.
type keyring struct {
	o     *Options
	every time.Duration
	now   func() time.Time

	mu    sync.Mutex
	turns map[int64]*ohttp.Gateway
}

func newKeyring(o *Options) *keyring {
	return &keyring{o: o, every: o.KeyAge, now: time.Now, turns: map[int64]*ohttp.Gateway{}}
}

// turn is the number of the current key.
func (k *keyring) turn() int64 { return k.now().UnixNano() / int64(k.every) }

// gateway is the one with the key of a turn.
func (k *keyring) gateway(turn int64) (*ohttp.Gateway, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if g := k.turns[turn]; g != nil {
		return g, nil
	}
	secret, err := k.o.derive("oblivious " + k.every.String() + " " + strconv.FormatInt(turn, 10))
	if err != nil {
		return nil, err
	}
	g, err := ohttp.NewGateway(secret, uint8(turn))
	if err != nil {
		return nil, err
	}
	for old := range k.turns {
		if old < turn-1 {
			delete(k.turns, old)
		}
	}
	k.turns[turn] = g
	return g, nil
}

// keys is what is told.
func (k *keyring) keys() ([]byte, error) {
	g, err := k.gateway(k.turn())
	if err != nil {
		return nil, err
	}
	return g.Keys(), nil
}

// open opens a request that is sealed for the current key, or the one before.
func (k *keyring) open(b []byte) ([]byte, *ohttp.Answer, error) {
	turn := k.turn()
	if len(b) > 0 && b[0] == uint8(turn-1) {
		turn--
	}
	g, err := k.gateway(turn)
	if err != nil {
		return nil, nil, err
	}
	return g.Open(b)
}
