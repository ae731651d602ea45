package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/kith-web/kith/internal/fault"
)

func TestEveryKindHasItsOwnExitCodeAndAStatus(t *testing.T) {
	seen := map[int]fault.Kind{}
	for _, k := range fault.Kinds() {
		err := fault.New(k, "x")
		code, status := fault.ExitCode(err), fault.Status(err)
		if other, dup := seen[code]; dup {
			t.Errorf("kinds %s and %s share exit code %d", k, other, code)
		}
		seen[code] = k
		if status < 400 || status > 599 {
			t.Errorf("kind %s: status %d", k, status)
		}
	}
}

func TestAnErrorSurvivesWrappingAndTheWire(t *testing.T) {
	cause := errors.New("disk on fire")
	sent := fault.New(fault.NoSpace, "cannot store %q: %w", "a", cause).WithHint("buy a disk")
	wrapped := fmt.Errorf("publish: %w", sent)
	if !errors.Is(wrapped, cause) {
		t.Error("the cause is lost in wrapping")
	}
	if got := fault.KindOf(wrapped); got != fault.NoSpace {
		t.Errorf("KindOf(wrapped) = %s", got)
	}
	got := fault.Decode(fault.Encode(sent))
	if !errors.Is(got, sent) || fault.Hint(got) != "buy a disk" {
		t.Errorf("after the wire: %#v", got)
	}
}

func TestStandardErrorsAreRecognised(t *testing.T) {
	for err, want := range map[error]fault.Kind{
		fs.ErrNotExist:           fault.NotFound,
		fs.ErrPermission:         fault.Forbidden,
		context.DeadlineExceeded: fault.Unreachable,
		context.Canceled:         fault.Canceled,
		errors.New("?"):          fault.Internal,
	} {
		if got := fault.KindOf(fmt.Errorf("x: %w", err)); got != want {
			t.Errorf("KindOf(%v) = %s, want %s", err, got, want)
		}
	}
	if fault.Status(nil) != 200 || fault.ExitCode(nil) != 0 || fault.KindOf(nil) != "" || fault.Hint(nil) != "" {
		t.Error("nil is not success")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"error":{"kind":"invalid","message":"m","hint":"h"}}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := fault.Decode(data)
		if err == nil {
			t.Fatal("Decode returned nil")
		}
		again := fault.Decode(fault.Encode(err))
		if fault.KindOf(again) != fault.KindOf(err) {
			t.Fatalf("kind changed from %s to %s", fault.KindOf(err), fault.KindOf(again))
		}
	})
}
