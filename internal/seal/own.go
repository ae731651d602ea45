package seal

import (
	"io"

	"github.com/fxamacker/cbor/v2"

	"github.com/kith-web/kith/internal/fault"
)

// Raw is a value that is encoded already.
type Raw = cbor.RawMessage

// SealTo seals content to an X-Wing key, for who knows nothing but that key: a
// body of one of Sizes (spec §2.3, §7).
func SealTo(rand io.Reader, public []byte, info string, content []byte) ([]byte, error) {
	enc, exported, err := encapsulate(xwing(), public, info, "kith sealed 1")
	if err != nil {
		return nil, err
	}
	return sealPadded(rand, expand(exported, "kith sealed 1", secretSize), enc, content, nil)
}

// OpenTo opens what SealTo sealed.
func OpenTo(private Secret, info string, octets []byte) ([]byte, error) {
	if !sized(len(octets)) {
		return nil, fault.New(fault.Invalid, "a sealed body of %d octets", len(octets))
	}
	exported, err := decapsulate(xwing(), private, octets[:EncSize], info, "kith sealed 1")
	if err != nil {
		return nil, err
	}
	return openPadded(expand(exported, "kith sealed 1", secretSize), octets[EncSize:], nil)
}

// SealFile seals content of any length to an X-Wing key: enc ‖ nonce ‖ ciphertext
// ‖ tag (spec §2.4).
func SealFile(rand io.Reader, public []byte, info string, content []byte) ([]byte, error) {
	enc, exported, err := encapsulate(xwing(), public, info, "kith sealed 1")
	if err != nil {
		return nil, err
	}
	aead, err := gcm(expand(exported, "kith sealed 1", secretSize))
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fault.New(fault.Internal, "randomness: %w", err)
	}
	return aead.Seal(join(enc, nonce), nonce, content, nil), nil
}

// OpenFile opens what SealFile sealed.
func OpenFile(private Secret, info string, octets []byte) ([]byte, error) {
	if len(octets) < EncSize+nonceSize+tagSize {
		return nil, fault.New(fault.Invalid, "a sealed file of %d octets", len(octets))
	}
	exported, err := decapsulate(xwing(), private, octets[:EncSize], info, "kith sealed 1")
	if err != nil {
		return nil, err
	}
	aead, err := gcm(expand(exported, "kith sealed 1", secretSize))
	if err != nil {
		return nil, err
	}
	rest := octets[EncSize:]
	content, err := aead.Open(nil, rest[:nonceSize], rest[nonceSize:], nil)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "wrong key, or changed since it was sealed: %w", err)
	}
	return content, nil
}

// HouseholdOf returns the id of a household secret (spec §2).
func HouseholdOf(secret []byte) [8]byte {
	return [8]byte(hash([]byte("kith household 1"), secret)[:8])
}

// OwnQueue derives the queue on a relay that two own devices use in one direction
// (spec §2): root is OwnRoot's.
func OwnQueue(root []byte, direction Side, relay string) Mailbox {
	return derived(root, "kith own queue 1"+string([]byte{byte(direction)})+relay, relay)
}

// RosterQueue derives the queue on a relay in which a device of the household
// finds new rosters (spec §2.3).
func RosterQueue(household []byte, to DeviceID, relay string) Mailbox {
	return derived(household, "kith roster queue 1"+string(to[:])+relay, relay)
}

func derived(secret []byte, info, relay string) Mailbox {
	seeds := expand(secret, info, 2*secretSize)
	return Mailbox{Relay: relay, Sender: seeds[:secretSize:secretSize], Recipient: seeds[secretSize:]}
}

// BackupKey derives the key that backups are sealed to from the seed of the
// recovery phrase (spec §2.4).
func BackupKey(seed []byte) (Secret, error) {
	if len(seed) != secretSize {
		return nil, fault.New(fault.Invalid, "root seed has %d octets, not %d", len(seed), secretSize)
	}
	return expand(seed, "kith backup 1", secretSize), nil
}
