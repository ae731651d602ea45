package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrMalformed is the error, wrapped, of what is no message.
var ErrMalformed = errors.New("malformed message")

// ErrTooLarge is the error, wrapped, of a message over its limit.
var ErrTooLarge = errors.New("message over the limit")

// UnknownKeyError is the error of a message whose type key is not known.
type UnknownKeyError struct{ Key Key }

func (e *UnknownKeyError) Error() string { return fmt.Sprintf("unknown type key %d", e.Key) }

// MostChannelID is the highest number of a data channel.
const MostChannelID = 65534

// check holds a decoded message to the bounds of its fields.
func check(m any) error {
	ok := true
	switch m := m.(type) {
	case *InfoResponse:
		ok = m.Info.ok()
	case *InfoEvent:
		ok = m.Info.ok()
	case *AuthCapabilities:
		ok = m.Ease <= 100 && m.Bits >= 20 && m.Bits <= 60 && len(m.Methods) <= 8
	case *AuthHandshake:
		ok = m.Status <= Input && len(m.Public) <= mostPublicValue && (m.Token.Token == nil || len(*m.Token.Token) <= mostShort)
	case *AuthConfirmation:
		ok = len(m.Value) > 0 && len(m.Value) <= mostConfirmationValue
	case *AuthStatus:
		ok = m.Result <= mostAuthResultKnow
	case *ChannelRequest:
		ok = m.Channel <= MostChannelID && len(m.Label) <= 65535 && len(m.Protocol) <= 65535
	case *TransportRequest:
		ok = m.Protocol != "" && len(m.Protocol) <= mostShort
	case *TransportClose:
		ok = m.Code <= 1<<32-1 && len(m.Reason) <= 1024
	case *DataFrame:
		ok = m.Encoding <= 2 && (m.Encoding != 1 || utf8.Valid(m.Payload))
	case *LegacyNeedsCode:
		ok = len(m.Token) <= mostShort
	}
	if !ok {
		return fmt.Errorf("%w: a field of %T is out of bounds", ErrMalformed, m)
	}
	return nil
}

func (i *AgentInfo) ok() bool {
	if len(i.DisplayName) > mostDisplayName || len(i.Model) > mostDisplayName || len(i.StateToken) > mostShort {
		return false
	}
	if len(i.Capabilities) > mostCapabilities || len(i.Locales) > mostLocales {
		return false
	}
	for _, l := range i.Locales {
		if len(l) > mostShort {
			return false
		}
	}
	return true
}
