package vault_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/vault"
)

func open(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(vault.Options{Dir: dir, Name: "x", Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func scan(t *testing.T, v *vault.Vault) (rows []string, broken int) {
	t.Helper()
	err := v.Scan(func(r vault.Row) error {
		rows = append(rows, string(r.Meta)+"|"+string(r.Note))
		return nil
	}, func(vault.Broken) { broken++ })
	if err != nil {
		t.Fatal(err)
	}
	return rows, broken
}

func slots(t *testing.T, dir string) (used []int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "x.keys"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; 64*i < len(data); i++ {
		if len(bytes.Trim(data[64*i:min(len(data), 64*i+64)], "\x00")) > 0 {
			used = append(used, i)
		}
	}
	return used
}

func TestRowsAndTheirKeys(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	scan(t, v)
	b := v.Begin()
	one := b.Add(vault.Row{Kind: 1, Meta: []byte("one"), Note: []byte("n")}, []byte("extra"))
	two := b.Add(vault.Row{Kind: 1, Meta: []byte("two")}, nil)
	b.Set("s", []byte("state"))
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	b = v.Begin()
	b.Note(two, []byte("later"))
	b.Drop(one)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	if used := slots(t, dir); len(used) != 1 || int64(used[0]) != two {
		t.Errorf("slots in use: %v, want %d", used, two)
	}
	_, err := v.Row(one)
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("a dropped row: %v", err)
	}
	_ = v.Close()
	v = open(t, dir)
	if rows, broken := scan(t, v); len(rows) != 1 || rows[0] != "two|later" || broken != 0 {
		t.Errorf("rows: %v, %d broken", rows, broken)
	}
	if s, err := v.Get("s"); string(s) != "state" || err != nil {
		t.Errorf("state: %s, %v", s, err)
	}
}

// TestABatchThatFailsLeavesNothing: neither rows nor keys.
func TestABatchThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	scan(t, v)
	b := v.Begin()
	b.Add(vault.Row{Meta: []byte("one")}, nil)
	b.Exec("no such statement")
	if err := b.Commit(); err == nil {
		t.Fatal("it did not fail")
	}
	if used := slots(t, dir); len(used) != 0 {
		t.Errorf("slots in use: %v", used)
	}
	if rows, _ := scan(t, v); len(rows) != 0 {
		t.Errorf("rows: %v", rows)
	}
}

// TestKeysThatNoRowHasAreOverwritten: what a killed process left.
func TestKeysThatNoRowHasAreOverwritten(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	scan(t, v)
	b := v.Begin()
	kept := b.Add(vault.Row{Meta: []byte("kept")}, nil)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	_ = v.Close()
	path := filepath.Join(dir, "x.keys")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	orphan := bytes.Repeat([]byte{7}, 64)
	if err := os.WriteFile(path, append(append(data, orphan...), orphan[:13]...), 0o600); err != nil { // and one cut short
		t.Fatal(err)
	}
	v = open(t, dir)
	if rows, broken := scan(t, v); len(rows) != 1 || broken != 0 {
		t.Errorf("rows: %v, %d broken", rows, broken)
	}
	if used := slots(t, dir); len(used) != 1 || int64(used[0]) != kept {
		t.Errorf("slots in use: %v", used)
	}
}

func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	scan(t, v)
	b := v.Begin()
	one := b.Add(vault.Row{Meta: []byte("one")}, nil)
	two := b.Add(vault.Row{Meta: []byte("two")}, nil)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	_ = v.Close()
	path := filepath.Join(dir, "x.keys")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Swapped slots are damage, too: a slot's key opens in its place alone.
	copy(data[64*one:64*one+64], bytes.Clone(data[64*two:64*two+64]))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	v = open(t, dir)
	if rows, broken := scan(t, v); len(rows) != 1 || rows[0] != "two|" || broken != 1 {
		t.Errorf("rows: %v, %d broken", rows, broken)
	}
	if _, err := vault.Open(vault.Options{Dir: dir, Name: "x", Key: bytes.Repeat([]byte{1}, 32)}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("another key: %v", err)
	}
}
