package person

import (
	"encoding/hex"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// someRelays returns the person's relays, of which there has to be one.
func (p *Person) someRelays(v *view) ([]string, error) {
	relays := p.relays(v)
	if len(relays) == 0 {
		return nil, fault.New(fault.Conflict, "no relay is set that could keep messages").
			WithHint("name one under [mailbox] in config.toml, or run your own with 'kith relay'")
	}
	return relays, nil
}

// newQueues makes an inbox on each relay.
func (p *Person) newQueues(relays []string) ([]seal.Mailbox, error) {
	var out []seal.Mailbox
	for _, r := range relays {
		sender, err := seal.NewSeed(p.o.Rand)
		if err != nil {
			return nil, err
		}
		recipient, err := seal.NewSeed(p.o.Rand)
		if err != nil {
			return nil, err
		}
		out = append(out, seal.Mailbox{Relay: r, Sender: sender, Recipient: recipient})
	}
	return out, nil
}

// newOwn makes what this side brings to a new relation.
func (p *Person) newOwn(name string, relays []string) (seal.Own, error) {
	queues, err := p.newQueues(relays)
	if err != nil {
		return seal.Own{}, err
	}
	return seal.NewOwn(p.o.Rand, p.o.Now(), name, queues)
}

// contactQueues are an invitation's queues as the inviter has them.
func (p *Person) contactQueues(i seal.Invitation) ([]seal.Mailbox, error) {
	var out []seal.Mailbox
	for _, r := range i.Relays {
		q := i.Queue(r)
		var err error
		if q.Recipient, err = seal.NewSeed(p.o.Rand); err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

// join answers an invitation: own keys and queues, the contact queues locked, the
// join put into them.
func (p *Person) join(c *change, i seal.Invitation, name string) (seal.Own, seal.Join, []seal.Mailbox, error) {
	fail := func(err error) (seal.Own, seal.Join, []seal.Mailbox, error) {
		return seal.Own{}, seal.Join{}, nil, err
	}
	for _, r := range i.Relays {
		if err := p.checkRelay(r); err != nil {
			return fail(err)
		}
	}
	v, err := p.look()
	if err != nil {
		return fail(err)
	}
	relays := p.relays(v)
	if len(relays) == 0 { // who has none may answer over those of the other side
		relays = i.Relays
	}
	own, err := p.newOwn(name, relays)
	if err != nil {
		return fail(err)
	}
	join, err := seal.MakeJoin(p.o.Rand, p.o.Now(), i, own)
	if err != nil {
		return fail(err)
	}
	var contact []seal.Mailbox
	for _, r := range i.Relays {
		q := i.Queue(r)
		if q.Lock, err = seal.NewSeed(p.o.Rand); err != nil {
			return fail(err)
		}
		contact = append(contact, q)
	}
	c.create(own.Queues...)
	if err := p.sayJoin(c, contact, join, i); err != nil {
		return fail(err)
	}
	return own, join, contact, nil
}

// sayJoin locks the contact queues and puts the join into them; again, it changes
// nothing where that was done.
func (p *Person) sayJoin(c *change, contact []seal.Mailbox, join seal.Join, i seal.Invitation) error {
	for _, q := range contact {
		c.effects.Lock = append(c.effects.Lock, seal.NewLock{Mailbox: q})
	}
	bodies, err := say(contact, func(q seal.Mailbox) ([]byte, error) { return i.Veil(joinVeil, q.Relay, join.Octets) })
	c.raw(bodies, i.Expires.UnixMilli())
	return err
}

// What a veil is for.
const (
	joinVeil    seal.Side = 1
	welcomeVeil seal.Side = 2
)

func welcomes(i seal.Invitation, to []seal.Mailbox, welcome []byte) ([]said, error) {
	return say(to, func(q seal.Mailbox) ([]byte, error) { return i.Veil(welcomeVeil, q.Relay, welcome) })
}

// checkQueues refuses queues of another side that must not be written to.
func (p *Person) checkQueues(queues []seal.Mailbox) error {
	if err := seal.CheckQueues(queues); err != nil {
		return err
	}
	for _, q := range queues {
		if err := p.checkRelay(q.Relay); err != nil {
			return err
		}
	}
	return nil
}

func (p *Person) checkRelay(address string) error {
	url, _, err := seal.CutRelay(address)
	if err != nil {
		return err
	}
	rest, secure := strings.CutPrefix(url, "wss://")
	if !secure {
		var plain bool
		if rest, plain = strings.CutPrefix(url, "ws://"); !plain {
			return fault.New(fault.Invalid, "%.80q is no relay's address", url).WithHint("it begins with wss://, or ws:// on this computer")
		}
	}
	if rest == "" || strings.ContainsAny(url, " \t\r\n\\\x00") {
		return fault.New(fault.Invalid, "%.80q is no relay's address", url)
	}
	return p.o.Relay(url)
}

func fragmentOf(i seal.Invitation) string {
	s, err := i.Fragment()
	if err != nil {
		return ""
	}
	return s
}

func parseID(s string) ([16]byte, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return [16]byte{}, false
	}
	return [16]byte(b), true
}
