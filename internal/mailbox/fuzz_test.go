package mailbox_test

import (
	"bytes"
	"testing"

	"github.com/kith-web/kith/internal/mailbox"
)

// FuzzRecords reads messages; what is read is written as it was.
func FuzzRecords(f *testing.F) {
	f.Add(mailbox.Append(mailbox.Append(nil, mailbox.Ping, 7), mailbox.Put, 8, make([]byte, 60)))
	f.Add([]byte{6, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, message []byte) {
		var again []byte
		for rest := message; len(rest) > 0; {
			r, after, err := mailbox.Next(rest)
			if err != nil {
				return
			}
			again = mailbox.Append(again, r.Type, r.Tag, r.Payload)
			rest = after
		}
		if !bytes.Equal(again, message) {
			t.Errorf("%x is written again as %x", message, again)
		}
	})
}

// FuzzPayloads reads a payload as every command's; what can be read is written
// as it was.
func FuzzPayloads(f *testing.F) {
	for _, n := range []int{0, 1, 2, 24, 26, 27, 32, 34, 120, 121, 129, 1600} {
		f.Add(make([]byte, n))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(name string, err error, write func([]byte) []byte) {
			if err != nil {
				return
			}
			if again := write(nil); !bytes.Equal(again, b) {
				t.Errorf("%s: %x is written again as %x", name, b, again)
			}
		}
		hello, err := mailbox.ParseHello(b)
		same("HELLO", err, hello.Append)
		prove, err := mailbox.ParseProve(b)
		same("PROVE", err, prove.Append)
		created, err := mailbox.ParseNew(b)
		same("NEW", err, created.Append)
		lock, err := mailbox.ParseLock(b)
		same("LOCK", err, lock.Append)
		credit, err := mailbox.ParseCredit(b)
		same("SUB", err, credit.Append)
		put, err := mailbox.ParsePut(b)
		same("PUT", err, func(c []byte) []byte { return append(put.AppendHead(c), put.Body...) })
		ack, err := mailbox.ParseAck(b)
		same("ACK", err, ack.Append)
		back, err := mailbox.ParseBack(b)
		same("BACK", err, back.Append)
		push, err := mailbox.ParsePush(b)
		same("PUSH", err, push.Append)
		ticket, err := mailbox.ParseTicket(b)
		same("TICKET", err, ticket.Append)
		msg, err := mailbox.ParseMsg(b)
		same("MSG", err, func(c []byte) []byte { return append(msg.AppendHead(c), msg.Body...) })
		single, err := mailbox.ParseSinglePut(b)
		same("a single PUT", err, single.Append)
		if w, err := mailbox.ParseWelcome(b); err == nil {
			if _, err := w.Append(nil); err != nil {
				t.Errorf("WELCOME cannot be written again: %v", err)
			}
		}
		if list, err := mailbox.ParseTickets(b); err == nil && len(list)*mailbox.TicketSize != len(b) {
			t.Errorf("%d tickets of %d octets", len(list), len(b))
		}
	})
}
