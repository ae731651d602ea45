package seal_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

func TestRelayAddresses(t *testing.T) { // §4.3
	id := bytes.Repeat([]byte{7}, 32)
	url, got, err := seal.CutRelay("wss://relay.example#" + base64.RawURLEncoding.EncodeToString(id))
	if err != nil || url != "wss://relay.example" || !bytes.Equal(got, id) {
		t.Errorf("%s %x, %v", url, got, err)
	}
	if url, got, err := seal.CutRelay("wss://relay.example"); err != nil || got != nil || url != "wss://relay.example" {
		t.Errorf("%s %x, %v", url, got, err)
	}
	for _, bad := range []string{"", "wss://relay.example#", "wss://relay.example#AAAA", "wss://relay.example#x#y"} {
		if _, _, err := seal.CutRelay(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
