package person

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// memory is Records and Local for the fuzz targets.
type memory map[string][]byte

func (m memory) Get(k string) ([]byte, error) {
	if b, ok := m[k]; ok {
		return b, nil
	}
	return nil, fault.New(fault.NotFound, "no %q", k)
}

func (m memory) Each(prefix string, f func(string, []byte) error) error {
	for _, k := range sortedKeys(m) {
		if strings.HasPrefix(k, prefix) {
			if err := f(k, m[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

type local struct{ memory }

func (l local) Put(k string, b []byte) error { l.memory[k] = b; return nil }

func (l local) Delete(k string) error { delete(l.memory, k); return nil }

type shared struct{ memory }

func (s shared) Put(puts map[string][]byte, deletes []string) ([]seal.Outgoing, error) {
	for k, b := range puts {
		s.memory[k] = b
	}
	for _, k := range deletes {
		delete(s.memory, k)
	}
	return nil, nil
}

func fresh(t testing.TB) *Person {
	t.Helper()
	p, err := New(Options{
		Records: shared{memory{}}, Local: local{memory{}}, Relays: []string{"ws://relay"},
		Now: func() time.Time { return time.UnixMilli(1_790_000_000_000) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Create(); err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzReceive gives every inbox of a person bodies of strangers: raw ones, and ones
// that are sealed well and hold anything.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(make([]byte, 1536), uint8(1))
	f.Add([]byte{0xa3, 1, 0x40, 2, 0x58, 32}, uint8(2))
	p, other := fresh(f), fresh(f)
	i, _, err := p.Invite("", 0)
	if err != nil {
		f.Fatal(err)
	}
	from, _, err := other.Invite("", 0)
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := p.Accept(from.Link, "x"); err != nil {
		f.Fatal(err)
	}
	public, err := p.device.XWing.Public()
	if err != nil {
		f.Fatal(err)
	}
	before, _ := p.Friends()
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		in := p.Inboxes()
		box := in[int(which)%len(in)]
		_, _ = p.Receive(box, body)
		if sealed, err := seal.SealTo(p.o.Rand, public, rosterInfo, body); err == nil {
			_, _ = p.Receive(seal.Inbox{Invitation: rosterInbox()}, sealed)
		}
		if after, _ := p.Friends(); len(after) != len(before) {
			t.Fatalf("a stranger is a friend: %+v by %x (%s)", after, body, i.ID)
		}
		if r, err := p.roster(); err != nil || len(r.Devices) != 1 {
			t.Fatalf("a stranger's roster is held: %+v, %v", r, err)
		}
	})
}

// FuzzHandle gives a relation messages of any kind and body.
func FuzzHandle(f *testing.F) {
	f.Add(uint8(seal.Queues), []byte{0x81, 0xa2, 1, 0x61, 'x', 2, 0x41, 0})
	f.Add(uint8(seal.Confirm), []byte{0x58, 32})
	f.Add(uint8(seal.Rekey), []byte{0xa0})
	a, b := fresh(f), fresh(f)
	i, _, err := a.Invite("", 0)
	if err != nil {
		f.Fatal(err)
	}
	_, e, err := b.Accept(i.Link, "")
	if err != nil {
		f.Fatal(err)
	}
	id, _ := parseID(i.ID)
	if _, err := a.Receive(seal.Inbox{Invitation: id, Mailbox: e.Raw[0].Mailbox}, e.Raw[0].Body); err != nil {
		f.Fatal(err)
	}
	rel := a.Relations()[0]
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		if seal.MessageKind(kind) == seal.Bye { // that one is believed
			return
		}
		_, _ = a.Handle(rel.ID, seal.Message{Kind: seal.MessageKind(kind), Body: body})
		r, ok := a.Relation(rel.ID)
		if !ok || len(r.Out) == 0 || len(r.Out) > 8 || len(a.Relations()) != 1 {
			t.Fatalf("after kind %d, %x: %+v", kind, body, r)
		}
	})
}

// FuzzBackup opens files that are sealed to the right key and hold anything.
func FuzzBackup(f *testing.F) {
	seed := bytes.Repeat([]byte{9}, 32)
	key, err := seal.BackupKey(seed)
	if err != nil {
		f.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0xa1, 1, 2})
	f.Add([]byte{0xa5, 1, 1, 2, 0x48, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0x40, 4, 0x40, 5, 0x80})
	f.Fuzz(func(t *testing.T, content []byte) {
		sealed, err := seal.SealFile(fresh(t).o.Rand, public, backupInfo, content)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := openBackup(seed, append([]byte(backupMagic), sealed...)); err == nil && len(b.Secret) != 32 {
			t.Fatalf("taken: %+v", b)
		}
		if _, err := openBackup(seed, content); err == nil {
			t.Fatal("a file that nobody sealed is a backup")
		}
	})
}

// FuzzRecord reads records that another device (or a defect) wrote.
func FuzzRecord(f *testing.F) {
	f.Add("friend/00112233445566778899aabbccddeeff", []byte{0xa0})
	f.Add("epoch/00112233445566778899aabbccddeeff/0011223344556677", []byte{0xa0})
	f.Add("relation/00112233445566778899aabbccddeeff", []byte{0xa1, 3, 0x41, 0})
	f.Add("in/00112233445566778899aabbccddeeff/x", []byte{0xa1, 1, 0xa0})
	f.Add("due", []byte{0xa1, 1, 1})
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		p := fresh(t)
		p.o.Records.(shared).memory[key] = value
		p.Refresh()
		for _, err := range []error{err2(p.Tick()), err2(p.Resume()), err2(p.SetRelays([]string{"ws://x"})), err3(p.Friends())} {
			if err != nil && fault.KindOf(err) == fault.Internal {
				t.Fatalf("%q = %x: %v", key, value, err)
			}
		}
		_, _ = p.Relations(), p.Inboxes()
	})
}

func err2(_ Effects, err error) error { return err }

func err3(_ []Friend, err error) error { return err }

func FuzzName(f *testing.F) {
	f.Add("bob/../x\x00\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		n := cleanName(s, "x")
		if n == "" || len(n) > 128 || strings.ContainsAny(n, "/\\\n\x00") || n == "." || n == ".." {
			t.Fatalf("cleanName(%q) = %q", s, n)
		}
		if again := cleanName(n, "x"); again != n {
			t.Fatalf("cleaned twice: %q, %q", n, again)
		}
	})
}

// TestALinkNoteNeedsTheSecret: the note of a link is sealed for who knows the
// relation's secret; another's is refused.
func TestALinkNoteNeedsTheSecret(t *testing.T) { // §2.1
	a, b := seal.Relation{Root: bytes.Repeat([]byte{1}, 32)}, seal.Relation{Root: bytes.Repeat([]byte{2}, 32)}
	if linkInfo(a, 1) == linkInfo(b, 1) || linkInfo(a, 1) == linkInfo(a, 2) {
		t.Fatal("notes of two links, or of two directions, are alike")
	}
	if strings.Contains(linkInfo(a, 1), string(a.Root)) {
		t.Fatal("the secret itself is in the info")
	}
}
