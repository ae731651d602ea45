package seal

import (
	"encoding/base64"
	"strings"

	"github.com/kith-web/kith/internal/fault"
)

// CutRelay takes a relay's address apart: its URL, and the relay's id when the
// address ends in # and that (spec §4.3); nil when it does not.
func CutRelay(address string) (url string, id []byte, err error) {
	if len(address) == 0 || len(address) > maxRelayURL {
		return "", nil, fault.New(fault.Invalid, "relay address of %d octets", len(address))
	}
	url, text, has := strings.Cut(address, "#")
	if !has {
		return url, nil, nil
	}
	id, err = base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(id) != secretSize {
		return "", nil, fault.New(fault.Invalid, "relay address %q ends in what is no relay's id", address).
			WithHint("write it as wss://relay.example, or with # and the id that the relay prints")
	}
	return url, id, nil
}
