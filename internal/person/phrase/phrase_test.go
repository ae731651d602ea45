package phrase_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/person/phrase"
)

func TestAPhraseComesBack(t *testing.T) {
	seed := bytes.Repeat([]byte{7, 0, 255, 1}, 8)
	words, err := phrase.Encode(seed)
	if err != nil {
		t.Fatal(err)
	}
	again, err := phrase.Decode("  " + strings.ToUpper(strings.ReplaceAll(words, " ", "\n ")) + "\t")
	if err != nil || !bytes.Equal(again, seed) {
		t.Fatalf("Decode = %x, %v; want %x", again, err, seed)
	}
}

// TestTheStandardsVector is one of the vectors that BIP 39 names.
func TestTheStandardsVector(t *testing.T) {
	words, err := phrase.Encode(make([]byte, 32))
	if want := strings.Repeat("abandon ", 23) + "art"; err != nil || words != want {
		t.Fatalf("Encode = %q, %v; want %q", words, err, want)
	}
}

func TestAWrongPhraseIsRefusedWithoutSayingItsWords(t *testing.T) {
	good := strings.Repeat("abandon ", 23) + "art"
	for _, c := range []struct{ words, says string }{
		{strings.Repeat("abandon ", 23), "23 words"},
		{strings.Repeat("abandon ", 23) + "secretword", "word 24"},
		{strings.Repeat("abandon ", 24), "do not belong together"},
		{good + strings.Repeat(" ", 2000), "characters"},
	} {
		_, err := phrase.Decode(c.words)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Decode(%.40q): %v; want Invalid that says %q", c.words, err, c.says)
		}
		if err != nil && strings.Contains(err.Error()+fault.Hint(err), "secretword") {
			t.Errorf("the error repeats the word: %v", err)
		}
	}
	if _, err := phrase.Encode([]byte("short")); err == nil {
		t.Error("a short seed was taken")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(strings.Repeat("abandon ", 23) + "art")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, words string) {
		seed, err := phrase.Decode(words)
		if err != nil {
			return
		}
		again, err := phrase.Encode(seed)
		if err != nil || again != strings.Join(strings.Fields(strings.ToLower(words)), " ") {
			t.Fatalf("Encode(Decode(%q)) = %q, %v", words, again, err)
		}
	})
}
