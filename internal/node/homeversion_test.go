package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
)

func TestAHomeSaysItsVersion(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, homeVersionName)
	for range 2 { // new or without a mark, then marked
		if err := checkHomeVersion(home); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "1\n" {
			t.Fatalf("the mark is %q, %v", text, err)
		}
	}
	for text, want := range map[string]fault.Kind{
		"2\n": fault.Unsupported, "4294967295": fault.Unsupported,
		"": fault.Corrupt, "0": fault.Corrupt, "-1": fault.Corrupt, "one": fault.Corrupt,
		strings.Repeat("1", 1000): fault.Corrupt,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := checkHomeVersion(home)
		if fault.KindOf(err) != want || fault.Hint(err) == "" {
			t.Errorf("%.20q: %v (kind %v, hint %q)", text, err, fault.KindOf(err), fault.Hint(err))
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%.20q: the mark became %.20q, %v", text, after, err)
		}
	}
}
