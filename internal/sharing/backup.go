package sharing

import (
	"context"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person"
	"github.com/kith-web/kith/internal/seal"
)

// Backup returns the person's friends, invitations and names, sealed so that only
// the recovery phrase opens them. Documents are not in it: export them.
func (s *Service) Backup(context.Context) ([]byte, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	return h.person.Backup()
}

// BackupDevices returns the devices that a backup names; This is the one that made
// it.
func (s *Service) BackupDevices(_ context.Context, words []string, file []byte) ([]Device, error) {
	named, err := person.DevicesIn(strings.Join(words, " "), file)
	list := []Device{}
	for _, d := range named {
		list = append(list, Device{ID: d.ID, Name: d.Name, This: d.This, Added: d.Added, Holds: holding(d.Holds)})
	}
	return list, err
}

// Restore makes this home a device of the person whose phrase and backup these
// are. Devices that the backup names and the person still has may be kept, by name
// or ID: then documents and friends come from them, and nothing of the backup is
// put over what they have. The others are out, the one that made the backup among
// them, and all keys change with every friend.
func (s *Service) Restore(_ context.Context, words []string, file []byte, keep ...string) error {
	h, err := s.blank()
	if err != nil {
		return err
	}
	phrase := strings.Join(words, " ")
	kept, err := kept(phrase, file, keep)
	if err != nil {
		return err
	}
	if err := h.do(h.person.Restore(phrase, file, kept)); err != nil {
		return err
	}
	return s.reopen() // it is another device now
}

// kept finds devices that a backup names.
func kept(phrase string, file []byte, keep []string) ([]seal.DeviceID, error) {
	if len(keep) == 0 {
		return nil, nil
	}
	named, err := person.DevicesIn(phrase, file)
	if err != nil {
		return nil, err
	}
	var ids []seal.DeviceID
	for _, name := range keep {
		i := slices.IndexFunc(named, func(d person.Device) bool { return d.ID == name || strings.EqualFold(d.Name, name) })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "the backup names no device %.40q", name).
				WithHint("keep devices that were linked before it was made, or link them anew")
		}
		ids = append(ids, named[i].Handle)
	}
	return ids, nil
}

// Incarnate gives this device a new key: for one whose home was put back from a
// copy, so that nobody takes it for the one it was.
func (s *Service) Incarnate(context.Context) error {
	h, err := s.home()
	if err != nil {
		return err
	}
	if err := h.do(h.person.Incarnate()); err != nil {
		return err
	}
	return s.reopen()
}

// Recover makes this home a device of the person whose phrase it is. Devices that
// the person still has can then be linked again.
func (s *Service) Recover(_ context.Context, words []string, name string) error {
	h, err := s.blank()
	if err != nil {
		return err
	}
	if err := h.do(h.person.Recover(strings.Join(words, " "), nil)); err != nil {
		return err
	}
	if err := s.reopen(); err != nil || name == "" {
		return err
	}
	if h, err = s.home(); err != nil {
		return err
	}
	return h.do(h.person.SetName(name))
}

// blank returns what is open, of a home that is nobody's yet.
func (s *Service) blank() (*home, error) {
	h, err := s.home()
	if err != nil {
		return nil, err
	}
	st, err := h.person.Status()
	if err != nil {
		return nil, err
	}
	if st.Exists {
		return nil, fault.New(fault.Conflict, "this home is somebody's already").
			WithHint("use another --home; a stolen device is shut out by 'kith device revoke NAME --phrase'")
	}
	return h, nil
}

// relaysName is the record of this device that says which relays it was configured
// with when it last told the person's friends of them.
const relaysName = "sharing/relays"

// setRelays tells friends when other relays were configured here. Relays are the
// person's: a device whose configuration is as it was changes nothing.
func (h *home) setRelays() error {
	wanted := h.s.o.Relays
	st, err := h.person.Status()
	if err != nil || !st.Exists || len(wanted) == 0 {
		return err
	}
	before, err := h.device.Get(relaysName)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	now := strings.Join(wanted, "\n")
	if string(before) == now {
		return nil
	}
	if !slices.Equal(st.Relays, wanted) {
		if err := h.do(h.person.SetRelays(wanted)); err != nil {
			return err
		}
	}
	return h.device.Put(relaysName, []byte(now))
}
