package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/text"
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
		syscall.ENOSPC:           fault.NoSpace,
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

func TestAnErrorIsSaidInAnotherLanguage(t *testing.T) {
	german := text.New().For("de")
	inner := fault.New(fault.NotFound, "there is no page %.200q here", []byte("x")).WithHint("list the folder")
	err := fmt.Errorf("library: %w", fault.New(fault.Conflict, "%s is not an address: %w", "y", inner).WithHintOf(inner))
	said := fault.Localize(err, german)
	if said.Error() == err.Error() || !strings.HasPrefix(said.Error(), "library: y ") || !strings.Contains(said.Error(), `"x"`) {
		t.Errorf("in German: %v", said)
	}
	if hint := fault.Hint(said); hint == "" || hint == "list the folder" {
		t.Errorf("the hint in German: %q", hint)
	}
	if fault.KindOf(said) != fault.Conflict || !errors.Is(said, inner) || err.Error() != `library: y is not an address: there is no page "x" here` {
		t.Errorf("%v is another error than %v", said, err)
	}
	if fault.Localize(err, nil) != err || fault.Localize(nil, german) != nil {
		t.Error("English is not what it was")
	}
	for _, k := range fault.Kinds() {
		plain := errors.Join(fault.New(k, "x"))
		if fault.Hint(plain) != "" && fault.HintIn(plain, german) == fault.Hint(plain) {
			t.Errorf("the hint of %s has no German", k)
		}
	}
}

func TestArgumentsAreKeptAsTheyWere(t *testing.T) {
	name := []byte("before")
	err := fault.New(fault.NotFound, "there is no page %.200q here", name)
	copy(name, "later!")
	if said := fault.Localize(err, text.New().For("de")).Error(); !strings.Contains(said, "before") {
		t.Errorf("the error changed to %q", said)
	}
}
