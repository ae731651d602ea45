package mailbox

import (
	"encoding/binary"
	"slices"
)

// HelloPayload is the payload of HELLO.
type HelloPayload struct {
	Version uint8
	Token   []byte
}

// Append adds the payload to b.
func (p HelloPayload) Append(b []byte) []byte { return append(append(b, p.Version), p.Token...) }

// ParseHello reads the payload of HELLO.
func ParseHello(b []byte) (HelloPayload, error) {
	if len(b) < 1 || len(b) > 1+maxToken {
		return HelloPayload{}, ErrMalformed
	}
	return HelloPayload{b[0], b[1:]}, nil
}

// maxToken is the longest access token.
const maxToken = 256

// ProvePayload is the payload of PROVE.
type ProvePayload struct {
	Role      Role
	ID        ID
	Key       Key
	Signature [64]byte
}

const proveSize = 1 + 24 + 32 + 64

// Append adds the payload to b.
func (p ProvePayload) Append(b []byte) []byte { return append(p.signed(b), p.Signature[:]...) }

func (p ProvePayload) signed(b []byte) []byte {
	return append(append(append(b, byte(p.Role)), p.ID[:]...), p.Key[:]...)
}

// ParseProve reads the payload of PROVE. Any octet is a role here.
func ParseProve(b []byte) (ProvePayload, error) {
	if len(b) != proveSize {
		return ProvePayload{}, ErrMalformed
	}
	return ProvePayload{Role(b[0]), ID(b[1:]), Key(b[25:]), [64]byte(b[57:])}, nil
}

// NewPayload is the payload of NEW.
type NewPayload struct {
	Recipient, Sender Key
	Days              uint8
	Signature         [64]byte
}

const newSize = 32 + 32 + 1 + 64

// Append adds the payload to b.
func (p NewPayload) Append(b []byte) []byte { return append(p.signed(b), p.Signature[:]...) }

func (p NewPayload) signed(b []byte) []byte {
	return append(append(append(b, p.Recipient[:]...), p.Sender[:]...), p.Days)
}

// ParseNew reads the payload of NEW. Any octet is a number of days here.
func ParseNew(b []byte) (NewPayload, error) {
	if len(b) != newSize {
		return NewPayload{}, ErrMalformed
	}
	return NewPayload{Key(b), Key(b[32:]), b[64], [64]byte(b[65:])}, nil
}

// LockPayload is the payload of LOCK.
type LockPayload struct {
	Sender    ID
	Key       Key
	Signature [64]byte
}

const lockSize = 24 + 32 + 64

// Append adds the payload to b.
func (p LockPayload) Append(b []byte) []byte { return append(p.signed(b), p.Signature[:]...) }

func (p LockPayload) signed(b []byte) []byte { return append(append(b, p.Sender[:]...), p.Key[:]...) }

// ParseLock reads the payload of LOCK.
func ParseLock(b []byte) (LockPayload, error) {
	if len(b) != lockSize {
		return LockPayload{}, ErrMalformed
	}
	return LockPayload{ID(b), Key(b[24:]), [64]byte(b[56:])}, nil
}

// CreditPayload is the payload of SUB and of CREDIT.
type CreditPayload struct {
	Recipient ID
	More      uint16
}

// Append adds the payload to b.
func (p CreditPayload) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(append(b, p.Recipient[:]...), p.More)
}

// ParseCredit reads the payload of SUB and of CREDIT.
func ParseCredit(b []byte) (CreditPayload, error) {
	if len(b) != 24+2 {
		return CreditPayload{}, ErrMalformed
	}
	return CreditPayload{ID(b), binary.BigEndian.Uint16(b[24:])}, nil
}

// PutPayload is the payload of PUT.
type PutPayload struct {
	Sender ID
	ID     MessageID
	Days   uint8
	Body   []byte
}

// PutHead is what PUT has before its body.
const PutHead = 24 + 16 + 1

// AppendHead adds the payload without its body to b.
func (p PutPayload) AppendHead(b []byte) []byte {
	return append(append(append(b, p.Sender[:]...), p.ID[:]...), p.Days)
}

// ParsePut reads the payload of PUT. The body may have any length here.
func ParsePut(b []byte) (PutPayload, error) {
	if len(b) < PutHead {
		return PutPayload{}, ErrMalformed
	}
	return PutPayload{ID(b), MessageID(b[24:]), b[40], b[PutHead:]}, nil
}

// MaxNumbers is the most numbers in an ACK.
const MaxNumbers = 256

// AckPayload is the payload of ACK.
type AckPayload struct {
	Recipient ID
	Numbers   []uint64
}

// Append adds the payload to b.
func (p AckPayload) Append(b []byte) []byte {
	b = append(b, p.Recipient[:]...)
	for _, n := range p.Numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// ParseAck reads the payload of ACK.
func ParseAck(b []byte) (AckPayload, error) {
	n := (len(b) - 24) / 8
	if n < 1 || n > MaxNumbers || len(b) != 24+8*n {
		return AckPayload{}, ErrMalformed
	}
	p := AckPayload{ID(b), make([]uint64, n)}
	for i := range p.Numbers {
		p.Numbers[i] = binary.BigEndian.Uint64(b[24+8*i:])
	}
	return p, nil
}

// BackPayload is the payload of BACK.
type BackPayload struct {
	Recipient ID
	Number    uint64
	Seconds   uint16
}

// Append adds the payload to b.
func (p BackPayload) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, p.Recipient[:]...), p.Number)
	return binary.BigEndian.AppendUint16(b, p.Seconds)
}

// ParseBack reads the payload of BACK.
func ParseBack(b []byte) (BackPayload, error) {
	if len(b) != 24+8+2 {
		return BackPayload{}, ErrMalformed
	}
	return BackPayload{ID(b), binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint16(b[32:])}, nil
}

// MaxSubscription is the longest Web Push subscription.
const MaxSubscription = 2048

// PushPayload is the payload of PUSH.
type PushPayload struct {
	Recipient    ID
	Subscription []byte
}

// Append adds the payload to b.
func (p PushPayload) Append(b []byte) []byte {
	return append(append(b, p.Recipient[:]...), p.Subscription...)
}

// ParsePush reads the payload of PUSH.
func ParsePush(b []byte) (PushPayload, error) {
	if len(b) < 24 || len(b) > 24+MaxSubscription {
		return PushPayload{}, ErrMalformed
	}
	return PushPayload{ID(b), b[24:]}, nil
}

// ParseDel reads the payload of DEL, which is a RID.
func ParseDel(b []byte) (ID, error) {
	if len(b) != 24 {
		return ID{}, ErrMalformed
	}
	return ID(b), nil
}

// MaxTickets is the most tickets of one TICKET.
const MaxTickets = 64

// TicketPayload is the payload of TICKET.
type TicketPayload struct {
	Role  Role
	ID    ID
	Class uint8
	Count uint8
}

// Append adds the payload to b.
func (p TicketPayload) Append(b []byte) []byte {
	return append(append(append(b, byte(p.Role)), p.ID[:]...), p.Class, p.Count)
}

// ParseTicket reads the payload of TICKET. Any octet is a role, a class and a
// count here.
func ParseTicket(b []byte) (TicketPayload, error) {
	if len(b) != 1+24+2 {
		return TicketPayload{}, ErrMalformed
	}
	return TicketPayload{Role(b[0]), ID(b[1:]), b[25], b[26]}, nil
}

// MsgPayload is the payload of MSG.
type MsgPayload struct {
	Recipient ID
	Number    uint64
	ID        MessageID
	Body      []byte
}

// MsgHead is what MSG has before its body.
const MsgHead = 24 + 8 + 16

// AppendHead adds the payload without its body to b.
func (p MsgPayload) AppendHead(b []byte) []byte {
	return append(binary.BigEndian.AppendUint64(append(b, p.Recipient[:]...), p.Number), p.ID[:]...)
}

// ParseMsg reads the payload of MSG.
func ParseMsg(b []byte) (MsgPayload, error) {
	if len(b) < MsgHead || !IsBody(len(b)-MsgHead) {
		return MsgPayload{}, ErrMalformed
	}
	return MsgPayload{ID(b), binary.BigEndian.Uint64(b[24:]), MessageID(b[32:]), b[MsgHead:]}, nil
}

// AppendWait adds the payload of WAIT to b.
func AppendWait(b []byte, seconds uint16) []byte { return binary.BigEndian.AppendUint16(b, seconds) }

// ParseWait reads the payload of WAIT.
func ParseWait(b []byte) (seconds uint16, err error) {
	if len(b) != 2 {
		return 0, ErrMalformed
	}
	return binary.BigEndian.Uint16(b), nil
}

// TicketSize is the octets of a ticket for a chunk.
const TicketSize = 32

// ParseTickets reads the payload of the OK that answers TICKET.
func ParseTickets(b []byte) ([][]byte, error) {
	if len(b)%TicketSize != 0 || len(b) > MaxTickets*TicketSize {
		return nil, ErrMalformed
	}
	return slices.Collect(slices.Chunk(b, TicketSize)), nil
}
