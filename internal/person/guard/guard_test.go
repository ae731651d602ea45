package guard_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/guard"
)

// ring is a keyring in memory that can be told to fail or to hang.
type ring struct {
	held map[string][]byte
	err  error
	hang chan struct{}
}

func (r *ring) wait() error {
	if r.hang != nil {
		<-r.hang
	}
	return r.err
}

func (r *ring) Get(a string) ([]byte, error) {
	if err := r.wait(); err != nil {
		return nil, err
	}
	if s, ok := r.held[a]; ok {
		return s, nil
	}
	return nil, errors.New("secret not found")
}

func (r *ring) Set(a string, s []byte) error {
	if err := r.wait(); err != nil {
		return err
	}
	r.held[a] = bytes.Clone(s)
	return nil
}

func (r *ring) Delete(a string) error { delete(r.held, a); return r.wait() }

func options(dir string, k guard.Ring) guard.Options {
	return guard.Options{Dir: dir, Keyring: k, Patience: 50 * time.Millisecond, Cost: guard.Cost{Memory: 64, Passes: 1, Lanes: 1}}
}

func open(t *testing.T, o guard.Options) *guard.Guard {
	t.Helper()
	g, err := guard.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func key(t *testing.T, g *guard.Guard) []byte {
	t.Helper()
	k, err := g.Key()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWithoutAKeyringAFileKeepsTheKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	g := open(t, options(dir, nil))
	k := key(t, g)
	if s := g.Status(); s.Mode != guard.File || s.Locked {
		t.Fatalf("status %+v", s)
	}
	info, err := os.Stat(filepath.Join(dir, "guard.json"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("guard.json: %v, %v", info.Mode(), err)
	}
	if !bytes.Equal(key(t, open(t, options(dir, nil))), k) {
		t.Fatal("another key after a restart")
	}
	if err := g.Lock(); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("Lock without a passphrase: %v", err)
	}
}

func TestAKeyringKeepsTheKey(t *testing.T) {
	dir, r := t.TempDir(), &ring{held: map[string][]byte{}}
	g := open(t, options(dir, r))
	k := key(t, g)
	data, _ := os.ReadFile(filepath.Join(dir, "guard.json"))
	if g.Status().Mode != guard.Keyring || len(r.held) != 1 || bytes.Contains(data, []byte(`"key"`)) {
		t.Fatalf("status %+v, %d in the keyring, file %s", g.Status(), len(r.held), data)
	}
	r.err = errors.New("locked collection")
	g = open(t, options(dir, r))
	if _, err := g.Key(); fault.KindOf(err) != fault.Forbidden || !g.Status().Locked {
		t.Fatalf("a keyring that does not answer: %v, %+v", err, g.Status())
	}
	r.err = nil
	if err := g.Unlock(context.Background(), ""); err != nil || !bytes.Equal(key(t, g), k) {
		t.Fatalf("after the keyring answers again: %v", err)
	}
}

func TestAKeyringThatHangsIsNotWaitedFor(t *testing.T) {
	r := &ring{held: map[string][]byte{}, hang: make(chan struct{})}
	defer close(r.hang)
	g := open(t, options(t.TempDir(), r))
	if g.Status().Mode != guard.File {
		t.Fatalf("status %+v", g.Status())
	}
	key(t, g)
}

func TestNoBusNoKeyring(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("this system's keyring needs no bus")
	}
	if guard.System("") != nil || guard.System("autolaunch:") != nil || guard.System("unix:path=/run/bus") == nil {
		t.Error("the keyring is asked although that would start a bus, or not asked although there is one")
	}
}

func TestAPassphraseKeepsTheKey(t *testing.T) {
	ctx, dir, r := context.Background(), t.TempDir(), &ring{held: map[string][]byte{}}
	o := options(dir, r)
	now := time.Unix(1_800_000_000, 0)
	o.Now = func() time.Time { return now }
	g := open(t, o)
	k := key(t, g)
	if err := g.SetPassphrase(ctx, "", "short"); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("a short passphrase: %v", err)
	}
	if err := g.SetPassphrase(ctx, "", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if len(r.held) != 0 {
		t.Fatal("the keyring still has the key")
	}
	g = open(t, o)
	if _, err := g.Key(); fault.KindOf(err) != fault.Forbidden || !g.Status().Locked {
		t.Fatalf("open without the passphrase: %v", err)
	}
	if err := g.Unlock(ctx, "correct horse"); err != nil || !bytes.Equal(key(t, g), k) {
		t.Fatalf("Unlock: %v", err)
	}
	if err := g.SetPassphrase(ctx, "wrong one", "battery staple"); fault.KindOf(err) != fault.Forbidden {
		t.Fatalf("change without knowing: %v", err)
	}
	if err := g.SetPassphrase(ctx, "correct horse", "battery staple"); err != nil {
		t.Fatal(err)
	}
	if err := g.Lock(); err != nil || !g.Status().Locked {
		t.Fatalf("Lock: %v", err)
	}
	if err := g.RemovePassphrase(ctx, "battery staple"); err != nil || !bytes.Equal(key(t, open(t, o)), k) {
		t.Fatalf("RemovePassphrase: %v", err)
	}
}

func TestWrongPassphrasesWaitAndLoseNothing(t *testing.T) {
	ctx := context.Background()
	o := options(t.TempDir(), nil)
	now := time.Unix(1_800_000_000, 0)
	o.Now = func() time.Time { return now }
	g := open(t, o)
	k := key(t, g)
	if err := g.SetPassphrase(ctx, "", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := g.Lock(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := g.Unlock(ctx, "wrong horse"); fault.KindOf(err) != fault.Forbidden {
			t.Fatalf("wrong passphrase: %v", err)
		}
	}
	if err := g.Unlock(ctx, "correct horse"); fault.KindOf(err) != fault.RateLimited {
		t.Fatalf("after three wrong ones: %v", err)
	}
	now = now.Add(time.Minute)
	if err := g.Unlock(ctx, "correct horse"); err != nil || !bytes.Equal(key(t, g), k) {
		t.Fatalf("the right one, later: %v", err)
	}
}

func TestTheOldFileIsOverwritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file cannot be linked twice while it is replaced")
	}
	dir := t.TempDir()
	g := open(t, options(dir, nil))
	link := filepath.Join(dir, "second name")
	if err := os.Link(filepath.Join(dir, "guard.json"), link); err != nil {
		t.Skip("no hard links here")
	}
	if err := g.SetPassphrase(context.Background(), "", "correct horse"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(link)
	if err != nil || len(bytes.Trim(data, "\x00")) != 0 {
		t.Fatalf("the key in the clear is still on disk: %s, %v", data, err)
	}
}

func TestADamagedFileIsSaidNotReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "guard.json")
	if err := os.WriteFile(path, []byte(`{"version":1,"mode":"passphrase"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := guard.Open(context.Background(), options(dir, nil)); fault.KindOf(err) != fault.Corrupt {
		t.Fatalf("a damaged file: %v", err)
	}
	if data, _ := os.ReadFile(path); len(data) == 0 {
		t.Fatal("it was overwritten")
	}
}
