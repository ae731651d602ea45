package mailbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/mailbox"
)

// ticketAge is how long a ticket is good for.
const ticketAge = 10 * time.Minute

// A ticket is expiry (4) ‖ class (1) ‖ random (11) ‖ MAC (16), so that those not
// used take no memory.
const ticketHead = 4 + 1 + 11

// tickets are the rights to put chunks. Their key ends with the process.
type tickets struct {
	key [32]byte

	mu   sync.Mutex
	used map[[ticketHead]byte]time.Time
	next time.Time // when used is looked through
}

func newTickets() *tickets {
	t := &tickets{used: map[[ticketHead]byte]time.Time{}}
	rand.Read(t.key[:])
	return t
}

func (t *tickets) mac(head []byte) []byte {
	h := hmac.New(sha256.New, t.key[:])
	h.Write(head)
	return h.Sum(nil)[:mailbox.TicketSize-ticketHead]
}

// issue appends a ticket for a chunk of a class.
func (t *tickets) issue(b []byte, class uint8, now time.Time) []byte {
	var head [ticketHead]byte
	binary.BigEndian.PutUint32(head[:], uint32(now.Add(ticketAge).Unix()))
	head[4] = class
	rand.Read(head[5:])
	return append(append(b, head[:]...), t.mac(head[:])...)
}

// use reports the class of a ticket and takes it; 0 when it is not good.
func (t *tickets) use(ticket [mailbox.TicketSize]byte, now time.Time) (class uint8) {
	head := [ticketHead]byte(ticket[:])
	expires := time.Unix(int64(binary.BigEndian.Uint32(head[:])), 0)
	if subtle.ConstantTimeCompare(t.mac(head[:]), ticket[ticketHead:]) != 1 || !now.Before(expires) {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.After(t.next) {
		for k, until := range t.used {
			if until.Before(now) {
				delete(t.used, k)
			}
		}
		t.next = now.Add(time.Minute)
	}
	if _, again := t.used[head]; again {
		return 0
	}
	t.used[head] = expires
	return head[4]
}

// giveBack makes a ticket good again, because what it was used for failed.
func (t *tickets) giveBack(ticket [mailbox.TicketSize]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.used, [ticketHead]byte(ticket[:]))
}
