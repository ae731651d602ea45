package text

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// speech is a language made for the test.
func speech() *Language {
	return &Language{tag: "xx", comma: ",", forms: germanic, texts: map[string]string{
		"%s lacks %s":       "%[2]s fehlt in %[1]s",
		"%d file":           "%d Datei",
		"%d files":          "%d Dateien",
		"open %q: %w":       "%q öffnen: %w",
		"no such file":      "nicht gefunden",
		"100% of it":        "alles",
		"%s is left":        "%s sind übrig",
		"nothing was found": "nichts gefunden",
	}}
}

func TestWhatIsSaid(t *testing.T) {
	l := speech()
	leaf := errors.New("no such file")
	for got, want := range map[string]string{
		l.Say("%s lacks %s", "a", "b"):                             "b fehlt in a",
		l.Say("%s lacks %s", "a", Count(1, "%d file", "%d files")): "1 Datei fehlt in a",
		l.Say("%s lacks %s", "a", Count(0, "%d file", "%d files")): "0 Dateien fehlt in a",
		l.Text("100% of it"):                                       "alles",
		l.Say("unknown %d", 3):                                     "unknown 3",
		l.Say("%s is left", Decimal{1.25, 1}):                      "1,2 sind übrig",
		l.Say("%s is left", Of("nothing was found")):               "nichts gefunden sind übrig",
		l.Error(fmt.Errorf("reading: %w", leaf)):                   "reading: nicht gefunden",
		l.Error(fmt.Errorf("a %w b %w c", leaf, leaf)):             "a nicht gefunden b nicht gefunden c",
		l.Error(errors.Join(leaf, nil, errors.New("else"))):        "nicht gefunden\nelse",
		Of("%s lacks %s", "a", "b").String():                       "a lacks b",
		Count(2, "%d file", "%d files").String():                   "2 files",
		Decimal{1.25, 1}.String():                                  "1.2",
		(*Language)(nil).Say("%d%%", 5):                            "5%",
		(*Language)(nil).Error(leaf):                               "no such file",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheLanguageThatIsWanted(t *testing.T) {
	c := New()
	for _, q := range []struct{ wishes, want string }{
		{"", "en"},
		{"de", "de"},
		{"de-AT,de;q=0.9,en;q=0.8", "de"},
		{"en-US,en;q=0.9,de;q=0.8", "en"},
		{"fr,de;q=0.5,en;q=0.4", "de"},
		{"fr, en;q=0.4, de;q=0.5", "de"},
		{"de;q=0", "en"},
		{"de;q=2,en;q=0.1", "en"},
		{"*", "en"},
		{"de_DE.UTF-8", "de"},
		{"de_CH@euro", "de"},
		{"C.UTF-8", "en"},
		{"POSIX", "en"},
		{"fr_FR.UTF-8|de_DE", "de"},
		{"C|de_DE", "en"},
		{strings.Repeat("x,", 10_000) + "de", "en"},
	} {
		if got := c.For(strings.Split(q.wishes, "|")...).Tag(); got != q.want {
			t.Errorf("For(%.60q) is %s, want %s", q.wishes, got, q.want)
		}
	}
	if (*Catalogue)(nil).For("de") != nil {
		t.Error("no catalogue has a language")
	}
}

// TestEveryFileCanBeRead also keeps one text from having two translations: which
// of the two were said would depend on the order of the files.
func TestEveryFileCanBeRead(t *testing.T) {
	for _, l := range languages() {
		place := map[string]string{}
		err := fs.WalkDir(files, l.tag, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if path.Ext(name) != ".po" {
				return fmt.Errorf("%s is no .po file", name)
			}
			data, err := files.ReadFile(name)
			if err != nil {
				return err
			}
			last := ""
			return parse(string(data), func(key, said string) error {
				if other, ok := place[key]; ok {
					t.Errorf("%q is in %s and in %s", key, other, name)
				}
				if key < last {
					t.Errorf("%s: %q stands after %q; sort the file with 'go run -C tools ./texts'", name, key, last)
				}
				place[key], last = name, key
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
		if len(place) == 0 {
			t.Errorf("%s has no texts", l.tag)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("msgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\n# note\nmsgid \"a\"\n\"b\"\nmsgstr \"c\"\n")
	f.Add("msgid \"a\"\nmsgid \"b\"\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, data string) {
		_ = parse(data, func(key, said string) error {
			if key == "" || said == "" {
				t.Errorf("an empty entry: %q is %q", key, said)
			}
			return nil
		})
	})
}

func FuzzFor(f *testing.F) {
	f.Add("de-AT,de;q=0.9")
	f.Add("de_DE.UTF-8")
	c := New()
	f.Fuzz(func(t *testing.T, wish string) {
		if tag := c.For(wish).Tag(); tag != "de" && tag != "en" {
			t.Errorf("For(%q) is %q", wish, tag)
		}
	})
}

// BenchmarkGerman is what a German speaker's command costs before it begins.
func BenchmarkGerman(b *testing.B) {
	for b.Loop() {
		if New().For("de") == nil {
			b.Fatal("there is no German")
		}
	}
}
