package guard

import (
	"context"
	"encoding/base64"
	"runtime"

	"github.com/zalando/go-keyring"

	"github.com/kith-web/kith/internal/fault"
)

// service is the name under which the key is found in a keyring.
const service = "kith"

// Ring is a keyring.
type Ring interface {
	Get(account string) ([]byte, error)
	Set(account string, secret []byte) error
	Delete(account string) error
}

// System returns the operating system's keyring, or nil where there is none. bus
// is the address of the session's message bus (DBUS_SESSION_BUS_ADDRESS): without
// one, asking would start a bus, so it is not asked.
func System(bus string) Ring {
	switch runtime.GOOS {
	case "darwin", "windows":
		return system{}
	}
	if bus == "" || bus == "autolaunch:" {
		return nil
	}
	return system{}
}

type system struct{}

func (system) Get(account string) ([]byte, error) {
	s, err := keyring.Get(service, account)
	if err != nil {
		return nil, err
	}
	return base64.RawStdEncoding.DecodeString(s)
}

func (system) Set(account string, secret []byte) error {
	return keyring.Set(service, account, base64.RawStdEncoding.EncodeToString(secret))
}

func (system) Delete(account string) error { return keyring.Delete(service, account) }

// ask asks the keyring, for as long as Patience at most. One that hangs keeps the
// goroutine that waits for it, and nothing else.
func (g *Guard) ask(ctx context.Context, question func() ([]byte, error)) ([]byte, error) {
	if g.options.Keyring == nil {
		return nil, fault.New(fault.Unsupported, "there is no keyring in this session")
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Patience)
	defer cancel()
	type answer struct {
		secret []byte
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		secret, err := question()
		answers <- answer{secret, err}
	}()
	select {
	case a := <-answers:
		return a.secret, a.err
	case <-ctx.Done():
		return nil, fault.New(fault.Unreachable, "the keyring did not answer within %s", g.options.Patience)
	}
}
