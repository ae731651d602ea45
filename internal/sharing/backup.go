package sharing

import (
	"context"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
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

// Restore makes this home a device of the person whose phrase and backup these
// are. All keys change with every friend: the device that made the backup is out.
func (s *Service) Restore(_ context.Context, words []string, file []byte) error {
	h, err := s.blank()
	if err != nil {
		return err
	}
	if err := h.do(h.person.Restore(strings.Join(words, " "), file, nil)); err != nil {
		return err
	}
	return s.reopen() // it is another device now
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
