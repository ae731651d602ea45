package person

import (
	"crypto/ed25519"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/phrase"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// Status is what a person sees of themselves.
type Status struct {
	Exists bool   `json:"exists"`
	Name   string `json:"name,omitempty"`
	Device string `json:"device"` // the id of this one
	// PhraseUnseen is true until ConfirmPhrase.
	PhraseUnseen bool `json:"phraseUnseen"`
	// Removed is true on a device that another one, or the phrase, removed.
	Removed bool     `json:"removed"`
	Relays  []string `json:"relays"`
}

// Status says how the person stands.
func (p *Person) Status() (Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.me()
	s := Status{Exists: p.house != nil, Device: hexed(id[:]), Relays: p.o.Relays}
	if p.house == nil {
		return s, nil
	}
	r, err := p.roster()
	if err != nil {
		return s, err
	}
	_, in := r.Find(id)
	s.Removed = !in
	_, err = p.o.Local.Get("seed")
	s.PhraseUnseen = err == nil
	v, err := p.look()
	if err != nil {
		return s, err
	}
	s.Name, s.Relays = p.name(v), p.relays(v)
	return s, nil
}

// Create makes a person whose only device is this one. The phrase waits for
// Phrase. Where there is a person it does nothing.
func (p *Person) Create() (Effects, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.house != nil {
		return Effects{}, nil
	}
	seed, err := seal.NewSeed(p.o.Rand)
	if err != nil {
		return Effects{}, err
	}
	if err := p.putLocal("seed", localSeed{Seed: seed}); err != nil {
		return Effects{}, err
	}
	return p.begin(seed, 1, nil)
}

// begin makes the root sign a roster of this device and those that are kept, in a
// household of its own.
func (p *Person) begin(seed []byte, generation uint64, keep []roster.Device) (Effects, error) {
	root, err := seal.RootKey(seed)
	if err != nil {
		return Effects{}, err
	}
	backup, err := seal.BackupKey(seed)
	if err != nil {
		return Effects{}, err
	}
	public, err := backup.Public()
	if err != nil {
		return Effects{}, err
	}
	v, err := p.look()
	if err != nil {
		return Effects{}, err
	}
	mine, err := p.device.entry(p.relays(v))
	if err != nil {
		return Effects{}, err
	}
	secret, err := seal.NewSeed(p.o.Rand)
	if err != nil {
		return Effects{}, err
	}
	signed, err := p.sign(roster.Roster{
		Root: root.Public().(ed25519.PublicKey), Generation: generation,
		Devices: append([]roster.Device{mine}, keep...), Household: seal.HouseholdOf(secret),
	}, root)
	if err != nil {
		return Effects{}, err
	}
	c := newChange()
	c.put(keyBackup, backupRecord{Public: public})
	if p.house == nil {
		h, err := roster.First(p.o.Now(), signed)
		if err != nil {
			return Effects{}, err
		}
		if err := p.settle(c, h, secret); err != nil {
			return Effects{}, err
		}
		return p.commit(c)
	}
	if err := p.adopt(c, signed, secret); err != nil {
		return Effects{}, err
	}
	return p.commit(c)
}

// Phrase returns the recovery phrase until ConfirmPhrase.
func (p *Person) Phrase() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s localSeed
	if err := p.getLocal("seed", &s); err != nil {
		if fault.KindOf(err) != fault.NotFound {
			return "", err
		}
		return "", fault.New(fault.NotFound, "the recovery phrase is not on this device").
			WithHint("it was shown once, on the device on which the person was made, and erased when it was written down")
	}
	return phrase.Encode(s.Seed)
}

// ConfirmPhrase erases the phrase: the person wrote it down. words may be empty;
// if not, they have to be it.
func (p *Person) ConfirmPhrase(words string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s localSeed
	if err := p.getLocal("seed", &s); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	}
	if strings.TrimSpace(words) != "" {
		seed, err := phrase.Decode(words)
		if err != nil {
			return err
		}
		if string(seed) != string(s.Seed) {
			return fault.New(fault.Invalid, "these words are another phrase").WithHint("compare what you wrote down with 'kith person phrase'")
		}
	}
	return p.delLocal("seed")
}

// Recover makes this device the person's by the phrase: where they had none, or
// as the last resort against whoever took their devices. Nothing that a device
// signed before counts after it. Of the devices that this one knows it keeps those
// in keep. Friends and data come back from devices that are kept, or a backup.
func (p *Person) Recover(words string, keep []seal.DeviceID) (Effects, error) {
	seed, err := phrase.Decode(words)
	if err != nil {
		return Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.recover(seed, keep)
}

func (p *Person) recover(seed []byte, keep []seal.DeviceID) (Effects, error) {
	generation := uint64(p.o.Now().Unix())
	var kept []roster.Device
	if p.house != nil {
		r, err := p.ofSeed(seed)
		if err != nil {
			return Effects{}, err
		}
		generation = max(generation, r.Generation+1)
		known := r.Devices
		if before, err := p.house.History.Previous.Roster(); err == nil {
			known = append(known, before.Devices...)
		}
		kept = pick(known, keep, p.me())
	} else if err := p.blank(); err != nil {
		return Effects{}, err
	}
	if err := p.delLocal("seed"); err != nil { // a phrase that was typed in is written down
		return Effects{}, err
	}
	e, err := p.mustChange()
	if err != nil {
		return e, err
	}
	more, err := p.begin(seed, generation, kept)
	e.Add(more)
	if err != nil {
		return e, err
	}
	more, err = p.changeKeys()
	e.Add(more)
	return e, err
}

// ofSeed returns the roster, if the seed is its root's.
func (p *Person) ofSeed(seed []byte) (roster.Roster, error) {
	r, err := p.roster()
	if err != nil {
		return r, err
	}
	root, err := seal.RootKey(seed)
	if err != nil {
		return r, err
	}
	if !root.Public().(ed25519.PublicKey).Equal(ed25519.PublicKey(r.Root)) {
		return r, fault.New(fault.Forbidden, "this is another person's recovery phrase").
			WithHint("to be that person here, use a home of its own: --home")
	}
	return r, nil
}

// pick returns the devices with these ids, each once, and never this one.
func pick(from []roster.Device, ids []seal.DeviceID, me seal.DeviceID) []roster.Device {
	var out []roster.Device
	for _, id := range ids {
		for _, d := range from {
			if d.ID() == id && id != me {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// blank refuses to bury a person's state under another's.
func (p *Person) blank() error {
	v, err := p.look()
	if err != nil {
		return err
	}
	if len(v.friends)+len(v.invites)+len(v.accepts) > 0 {
		return fault.New(fault.Conflict, "this home holds somebody's friends").WithHint("use a new home: --home")
	}
	return nil
}

// SetName changes what friends are shown. Those who are friends already keep what
// they were told, and the names they chose.
func (p *Person) SetName(name string) (Effects, error) {
	name, err := checkName(name)
	if err != nil {
		return Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.exists(); err != nil {
		return Effects{}, err
	}
	c := newChange()
	c.put(keyProfile, profileRecord{Name: name})
	return p.commit(c)
}

func (p *Person) name(v *view) string {
	if v.profile.Name != "" {
		return v.profile.Name
	}
	return cleanName(p.o.Name, "somebody")
}

func (p *Person) relays(v *view) []string {
	if len(v.relays) > 0 {
		return v.relays
	}
	return p.o.Relays
}
