package publish

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/kith-web/kith/internal/address"
)

// TestKeysOfANameNeverChange pins the derivation of docs/decisions/0005: a
// different result would lose every name there is.
func TestKeysOfANameNeverChange(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, seedSize)
	for network, want := range map[address.Network]string{
		address.NetworkIPFS:       "acb11801d19f376b97d0d0b92eaf0f53a1793c01d800b32949bb1e0530186ace",
		address.NetworkBitTorrent: "bb274d6e4dda50440de68c51aea749746b03c8419850a98871c4d9d0c6af9e8f",
	} {
		key, err := deriveKey(seed, network)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(key[32:]); got != want {
			t.Errorf("%s: public key %s, want %s", network, got, want)
		}
	}
}
