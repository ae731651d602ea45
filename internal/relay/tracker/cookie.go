package tracker

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// epochSeconds is how long one cookie is baked: a client may use a connection
// id for a minute and the tracker must take it for two (BEP 15), so the epoch
// at hand and the two before it are good.
const epochSeconds = 64

// bakery makes the connection ids of BEP 15 out of the address that asks: a
// secret function of address and time, so that who sends one back has shown to
// receive at that address, and nothing need be remembered of who asked.
//
// The function is CBC-MAC with AES over two blocks of fixed meaning, cut to 64
// bits; for messages of one fixed length it is as good as AES.
type bakery struct{ block cipher.Block }

func newBakery(secret []byte) (*bakery, error) {
	if len(secret) == 0 {
		secret = make([]byte, 32)
		rand.Read(secret)
	}
	key := sha256.Sum256(append([]byte("kith relay: UDP connection ids v1\n"), secret...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("key the UDP tracker: %w", err)
	}
	return &bakery{block}, nil
}

// oven is the scratch memory one worker bakes in.
type oven struct {
	*bakery
	mac [aes.BlockSize]byte
}

// bake returns the connection id of an address in an epoch.
func (o *oven) bake(a netip.Addr, epoch uint64) uint64 {
	o.mac = a.As16()
	o.block.Encrypt(o.mac[:], o.mac[:])
	var second [8]byte
	binary.BigEndian.PutUint64(second[:], epoch)
	for i, b := range second {
		o.mac[i] ^= b
	}
	o.block.Encrypt(o.mac[:], o.mac[:])
	return binary.BigEndian.Uint64(o.mac[:])
}

// good reports whether id was baked for the address within the last epochs.
func (o *oven) good(id uint64, a netip.Addr, epoch uint64) bool {
	return id == o.bake(a, epoch) || id == o.bake(a, epoch-1) || id == o.bake(a, epoch-2)
}
