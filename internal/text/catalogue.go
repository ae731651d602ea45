package text

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed de
var files embed.FS

// Catalogue has the languages there are. It reads one when it is first asked for
// it. It is safe for concurrent use.
type Catalogue struct {
	read map[string]func() *Language
}

// New returns the catalogue of the program.
func New() *Catalogue {
	c := &Catalogue{read: map[string]func() *Language{}}
	for _, l := range languages() {
		c.read[l.tag] = sync.OnceValue(func() *Language { return load(l) })
	}
	return c
}

// languages are those with a folder of texts. English needs none.
func languages() []Language {
	return []Language{{tag: "de", comma: ",", forms: germanic}}
}

// For returns the best language for the wishes, the most wanted first. Each is a
// list as in Accept-Language (RFC 9110 §12.5.4), or the name of a POSIX locale. It
// returns nil, which is English, when none of them is there.
func (c *Catalogue) For(wishes ...string) *Language {
	if c == nil {
		return nil
	}
	for _, wish := range wishes {
		best, weight := "", 0.0
		for part := range strings.SplitSeq(clip(wish), ",") {
			name, parameters, _ := strings.Cut(part, ";")
			tag := primary(name)
			if q := quality(parameters); q > weight && (tag == english || c.read[tag] != nil) {
				best, weight = tag, q
			}
		}
		if best == english {
			return nil
		}
		if best != "" {
			return c.read[best]()
		}
	}
	return nil
}

const english = "en"

// longestWish is how much of one wish is read: it comes from strangers.
const longestWish = 200

func clip(wish string) string { return wish[:min(len(wish), longestWish)] }

// primary is the language of a tag such as de-AT, or of a locale such as
// de_AT.UTF-8@euro. The locales C and POSIX are in English.
func primary(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if i := strings.IndexAny(name, "-_.@"); i >= 0 {
		name = name[:i]
	}
	if name == "c" || name == "posix" {
		return english
	}
	return name
}

// quality is the weight of a wish (RFC 9110 §12.4.2).
func quality(parameters string) float64 {
	value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}

// load reads every file of a language. That they can be read is tested; a text
// that cannot is said in English.
func load(l Language) *Language {
	l.texts = map[string]string{}
	_ = fs.WalkDir(files, l.tag, func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".po" {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if err := parse(string(data), func(key, said string) error {
			l.texts[key] = said
			return nil
		}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return &l
}
