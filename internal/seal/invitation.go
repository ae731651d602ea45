package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Bounds of an invitation (spec §4.1).
const (
	invitationHead = 1 + 1 + 4 + secretSize + x25519Size + 1
	maxRelays      = 8
	maxRelayURL    = 255
)

// Invitation is what a link holds (spec §4.1).
type Invitation struct {
	Kind    Kind
	Expires time.Time // in whole hours
	Secret  []byte
	Public  []byte // X25519
	Relays  []string
}

// NewInvitation makes an invitation and the private half of its key, with which
// OpenJoin opens what comes to its queues.
func NewInvitation(rand io.Reader, kind Kind, expires time.Time, relays []string) (Invitation, []byte, error) {
	secret, err := NewSeed(rand)
	if err != nil {
		return Invitation{}, nil, err
	}
	private, err := NewSeed(rand)
	if err != nil {
		return Invitation{}, nil, err
	}
	key, err := x25519().NewPrivateKey(private)
	if err != nil {
		return Invitation{}, nil, fault.New(fault.Internal, "X25519 key: %w", err)
	}
	i := Invitation{
		Kind: kind, Expires: expires.Truncate(time.Hour).UTC(), Secret: secret,
		Public: key.PublicKey().Bytes(), Relays: relays,
	}
	if _, err := i.Octets(); err != nil {
		return Invitation{}, nil, err
	}
	return i, private, nil
}

// Octets returns what the fragment encodes: what the handshake is bound to.
func (i Invitation) Octets() ([]byte, error) {
	switch {
	case i.Kind != Friend && i.Kind != OwnDevice:
		return nil, fault.New(fault.Invalid, "invitation of kind %d", i.Kind)
	case len(i.Secret) != secretSize || len(i.Public) != x25519Size:
		return nil, fault.New(fault.Invalid, "invitation with a secret of %d and a key of %d octets", len(i.Secret), len(i.Public))
	case len(i.Relays) == 0 || len(i.Relays) > maxRelays:
		return nil, fault.New(fault.Invalid, "invitation with %d relays", len(i.Relays)).WithHint("name 1 to %d relays", maxRelays)
	}
	hours := i.Expires.Unix() / 3600
	if hours < 0 || hours > 1<<32-1 {
		return nil, fault.New(fault.Invalid, "invitation until %s", i.Expires)
	}
	out := append([]byte{1, byte(i.Kind)}, binary.BigEndian.AppendUint32(nil, uint32(hours))...)
	out = append(append(out, i.Secret...), i.Public...)
	out = append(out, byte(len(i.Relays)))
	for _, r := range i.Relays {
		if len(r) == 0 || len(r) > maxRelayURL {
			return nil, fault.New(fault.Invalid, "relay address of %d octets", len(r))
		}
		out = append(append(out, byte(len(r))), r...)
	}
	return out, nil
}

// Fragment returns the part of the link behind its #.
func (i Invitation) Fragment() (string, error) {
	octets, err := i.Octets()
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(octets), nil
}

// ID names the invitation to those who have it.
func (i Invitation) ID() ([16]byte, error) {
	octets, err := i.Octets()
	if err != nil {
		return [16]byte{}, err
	}
	return [16]byte(hash([]byte("kith invite id 1"), octets)[:16]), nil
}

// joinMark stands before a fragment in the link of an app's page (spec §4.1).
const joinMark = "kith-join="

// ParseInvitation reads a fragment, or a whole link that has one.
func ParseInvitation(link string) (Invitation, error) {
	fragment := strings.TrimSpace(link)
	if _, after, ok := strings.Cut(fragment, "#"); ok {
		fragment = after
	}
	fragment = strings.TrimPrefix(fragment, joinMark)
	bad := func(format string, args ...any) (Invitation, error) {
		return Invitation{}, fault.New(fault.Invalid, "invitation: %w", fault.New(fault.Invalid, format, args...)).
			WithHint("copy the whole link, to its last character")
	}
	if len(fragment) > base64.RawURLEncoding.EncodedLen(invitationHead+maxRelays*(1+maxRelayURL)) {
		return bad("%d characters are too many", len(fragment))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(fragment)
	if err != nil {
		return bad("%w", err)
	}
	if len(b) < invitationHead {
		return bad("%d octets are too few", len(b))
	}
	if b[0] != 1 {
		return bad("version %d", b[0])
	}
	i := Invitation{
		Kind:    Kind(b[1]),
		Expires: time.Unix(int64(binary.BigEndian.Uint32(b[2:]))*3600, 0).UTC(),
		Secret:  b[6 : 6+secretSize : 6+secretSize],
		Public:  b[6+secretSize : invitationHead-1 : invitationHead-1],
	}
	count, rest := int(b[invitationHead-1]), b[invitationHead:]
	for range min(count, maxRelays) {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return bad("it ends within a relay's address")
		}
		n := int(rest[0])
		i.Relays = append(i.Relays, string(rest[1:1+n]))
		rest = rest[1+n:]
	}
	if len(rest) != 0 || count != len(i.Relays) {
		return bad("it names %d relays and goes on for %d octets", count, len(rest))
	}
	if _, err := i.Octets(); err != nil {
		return Invitation{}, err
	}
	return i, nil
}

// Queue returns the contact queue on a relay, as its senders know it.
func (i Invitation) Queue(relay string) Mailbox {
	return Mailbox{Relay: relay, Sender: expand(i.Secret, "kith invite queue 1"+relay, secretSize)}
}

// Veil makes a join or a welcome another on each relay, so that two relays do not
// see that they were given the same; it takes the veil off as well (spec §4.2).
func (i Invitation) Veil(what Side, relay string, octets []byte) ([]byte, error) {
	block, err := aes.NewCipher(expand(i.Secret, "kith veil 1"+string([]byte{byte(what)})+relay, secretSize))
	if err != nil {
		return nil, fault.New(fault.Internal, "AES: %w", err)
	}
	out := make([]byte, len(octets))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, octets)
	return out, nil
}

// Expired reports whether the invitation has ended at now.
func (i Invitation) Expired(now time.Time) bool { return !now.Before(i.Expires) }
