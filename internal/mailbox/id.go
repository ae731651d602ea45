package mailbox

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// Names of the protocol: the path of its WebSocket and the subprotocol there.
const (
	Path     = "/mailbox/1"
	Protocol = "kith-mailbox-1"
)

// Version is what HELLO and WELCOME say.
const Version = 1

// ID is a queue's name for one of its sides: a RID or a SID (spec §1).
type ID [24]byte

// Key is an Ed25519 public key.
type Key [32]byte

// MessageID is what a sender calls a message.
type MessageID [16]byte

// String is the id in unpadded base64url, as URLs of chunks have it.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// RecipientID is the RID of the queue that a recipient's key makes.
func RecipientID(key Key) ID { return derive("recipient", key) }

// SenderID is the SID of the queue whose first sender has key.
func SenderID(key Key) ID { return derive("sender", key) }

func derive(side string, key Key) ID {
	h := sha256.New()
	h.Write([]byte(Protocol + " " + side))
	h.Write(key[:])
	return ID(h.Sum(nil)[:len(ID{})])
}

// PublicKey is the public half of an Ed25519 key.
func PublicKey(private ed25519.PrivateKey) Key {
	return Key(private[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// Role is a side of a queue.
type Role uint8

// The sides of a queue.
const (
	Recipient Role = 1
	Sender    Role = 2
)

// ID is the name of a queue for this side, made from its first key.
func (r Role) ID(key Key) ID {
	if r == Sender {
		return SenderID(key)
	}
	return RecipientID(key)
}

// BodySizes are the lengths a body may have (spec §1), in growing order.
func BodySizes() []int { return []int{1536, 4096, 16384, 65536} }

// IsBody reports whether a body may be so long.
func IsBody(length int) bool { return slices.Contains(BodySizes(), length) }

// IsDays reports whether a queue may be of such a class.
func IsDays(days uint8) bool { return days == 1 || days == 7 || days == 21 }
