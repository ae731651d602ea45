package person

import (
	"bytes"
	"errors"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/phrase"
	"github.com/kith-web/kith/internal/person/roster"
	"github.com/kith-web/kith/internal/seal"
)

// Backups (spec §2.4).
const (
	backupMagic = "kith backup 1\n"
	backupInfo  = "kith backup 1"
	maxBackup   = 64 << 20
	maxRecords  = 60_000
)

type backup struct {
	Made    int64         `cbor:"1,keyasint"`
	By      seal.DeviceID `cbor:"2,keyasint"`
	Roster  []byte        `cbor:"3,keyasint"`
	Secret  []byte        `cbor:"4,keyasint"` // of the household
	Records []kept        `cbor:"5,keyasint"`
}

type kept struct {
	Key   string `cbor:"1,keyasint"`
	Value []byte `cbor:"2,keyasint"`
}

// Backup returns the person's state (friends, invitations, names; no documents),
// sealed so that only the recovery phrase opens it.
func (p *Person) Backup() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.exists(); err != nil {
		return nil, err
	}
	v, err := p.look()
	if err != nil {
		return nil, err
	}
	if len(v.backup) == 0 {
		return nil, fault.New(fault.Conflict, "this device does not know yet what backups are sealed to").WithHint("let it meet another of your devices first")
	}
	b := backup{Made: p.now(), By: p.me(), Secret: p.house.Secret}
	if b.Roster, err = p.house.History.Current.Encode(); err != nil {
		return nil, err
	}
	err = p.o.Records.Each("", func(key string, value []byte) error {
		b.Records = append(b.Records, kept{Key: key, Value: bytes.Clone(value)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	plain, err := seal.Marshal(b)
	if err != nil {
		return nil, fault.New(fault.Internal, "encode backup: %w", err)
	}
	sealed, err := seal.SealFile(p.o.Rand, v.backup, backupInfo, plain)
	if err != nil {
		return nil, err
	}
	return append([]byte(backupMagic), sealed...), nil
}

func openBackup(seed, file []byte) (backup, error) {
	var b backup
	rest, ok := bytes.CutPrefix(file, []byte(backupMagic))
	if !ok || len(file) > maxBackup {
		return b, fault.New(fault.Invalid, "this file of %d octets is no backup", len(file)).WithHint("choose one that 'kith person backup' wrote")
	}
	key, err := seal.BackupKey(seed)
	if err != nil {
		return b, err
	}
	plain, err := seal.OpenFile(key, backupInfo, rest)
	if err != nil {
		return b, fault.New(fault.Forbidden, "this recovery phrase does not open the backup: %w", err).WithHint("it is another person's, or the file is damaged")
	}
	if err := seal.Unmarshal(plain, &b); err != nil {
		return b, fault.New(fault.Corrupt, "the backup cannot be read: %w", err)
	}
	if len(b.Secret) != 32 || len(b.Records) > maxRecords {
		return b, fault.New(fault.Corrupt, "the backup cannot be read")
	}
	return b, nil
}

// DevicesIn returns the devices that a backup names, the one that made it as This:
// for a person to say which of them still exist.
func DevicesIn(words string, file []byte) ([]Device, error) {
	seed, err := phrase.Decode(words)
	if err != nil {
		return nil, err
	}
	b, err := openBackup(seed, file)
	if err != nil {
		return nil, err
	}
	signed, err := roster.Parse(b.Roster)
	if err != nil {
		return nil, err
	}
	r, err := signed.Roster()
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, d := range r.Devices {
		id := d.ID()
		out = append(out, Device{
			ID: hexed(id[:]), Name: d.Name, This: id == b.By, Added: time.UnixMilli(d.Added).UTC(), Holds: d.Holds, Handle: id,
		})
	}
	return out, nil
}

// Restore makes this device the person's by the phrase and a backup. It is a new
// device, whatever it was before, and the one that made the backup is out.
//
// Devices in keep stay: then friends and documents come from them, and nothing of
// the backup is taken that may be older than what they have. With none to keep,
// the backup's state is taken, and all keys change with every friend.
func (p *Person) Restore(words string, file []byte, keep []seal.DeviceID) (Effects, error) {
	seed, err := phrase.Decode(words)
	if err != nil {
		return Effects{}, err
	}
	b, err := openBackup(seed, file)
	if err != nil {
		return Effects{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.house != nil {
		return Effects{}, fault.New(fault.Conflict, "there is a person on this device already").WithHint("restore into a new home: --home")
	}
	if _, err := p.o.Local.Get("restoring"); err != nil { // else one was interrupted: it goes on
		if err := p.blank(); err != nil {
			return Effects{}, err
		}
	}
	signed, err := roster.Parse(b.Roster)
	if err != nil {
		return Effects{}, err
	}
	h, err := roster.First(p.o.Now(), signed)
	if err != nil && !errors.Is(err, roster.ErrExpired) {
		return Effects{}, err
	}
	h.Current = signed
	r, err := signed.Roster()
	if err != nil {
		return Effects{}, err
	}
	if err := p.o.Local.Put("restoring", []byte{1}); err != nil {
		return Effects{}, err
	}
	if len(keep) == 0 {
		puts := map[string][]byte{}
		for _, k := range b.Records {
			puts[k.Key] = k.Value
		}
		if _, err := p.o.Records.Put(puts, nil); err != nil { // there is nobody to tell
			return Effects{}, err
		}
		p.raw, p.view = nil, nil
	}
	p.house, p.own = &localHouse{History: h, Secret: b.Secret, Adopted: p.now()}, nil
	for _, d := range r.Devices {
		if err := p.setPeer(d.ID(), localPeer{Secret: b.Secret}); err != nil {
			return Effects{}, err
		}
	}
	e, err := p.recover(seed, keep)
	if err != nil {
		p.house, p.own = nil, nil
		return e, err
	}
	return e, p.delLocal("restoring")
}
