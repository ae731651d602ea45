package seal_test

import (
	"bytes"
	"testing"

	"github.com/kith-web/kith/internal/seal"
)

func TestWhatIsSealedToAKeyIsOpenedByItAlone(t *testing.T) { // §2.3, §2.4
	mine := must(seal.NewSecret(newRand("mine")))(t)
	other := must(seal.NewSecret(newRand("other")))(t)
	public := must(mine.Public())(t)
	content := bytes.Repeat([]byte("roster "), 500)
	for name, c := range map[string]struct {
		octets []byte
		open   func(seal.Secret, string, []byte) ([]byte, error)
	}{
		"body": {must(seal.SealTo(newRand("n"), public, "x", content))(t), seal.OpenTo},
		"file": {must(seal.SealFile(newRand("n"), public, "x", content))(t), seal.OpenFile},
	} {
		if got := must(c.open(mine, "x", c.octets))(t); !bytes.Equal(got, content) {
			t.Errorf("%s: opened to %d other octets", name, len(got))
		}
		for what, open := range map[string]func() ([]byte, error){
			"another key":  func() ([]byte, error) { return c.open(other, "x", c.octets) },
			"another use":  func() ([]byte, error) { return c.open(mine, "y", c.octets) },
			"a short body": func() ([]byte, error) { return c.open(mine, "x", c.octets[:100]) },
			"a changed body": func() ([]byte, error) {
				b := bytes.Clone(c.octets)
				b[len(b)-1] ^= 1
				return c.open(mine, "x", b)
			},
		} {
			if _, err := open(); err == nil {
				t.Errorf("%s: opened with %s", name, what)
			}
		}
	}
}

func TestOwnQueuesDiffer(t *testing.T) { // §2
	root := bytes.Repeat([]byte{1}, 32)
	seen := map[string]bool{}
	for _, m := range []seal.Mailbox{
		seal.OwnQueue(root, 1, "wss://a"), seal.OwnQueue(root, 2, "wss://a"), seal.OwnQueue(root, 1, "wss://b"),
		seal.RosterQueue(root, seal.DeviceID{1}, "wss://a"), seal.RosterQueue(root, seal.DeviceID{2}, "wss://a"),
	} {
		for _, s := range [][]byte{m.Sender, m.Recipient} {
			if seen[string(s)] {
				t.Error("two queues share a seed")
			}
			seen[string(s)] = true
		}
	}
}
