package node

import (
	"os"
	"strings"
)

// Languages are those that the person of this process reads, the most wanted
// first, as names of locales (POSIX.1-2024 §8.2): LC_ALL, LC_MESSAGES and LANG, the
// first that is set, and before it those of LANGUAGE unless it is "C". Where none
// is set, the system is asked.
func Languages() []string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		locale := os.Getenv(name)
		if locale == "" {
			continue
		}
		if base, _, _ := strings.Cut(locale, "."); base == "C" || base == "POSIX" {
			return []string{locale}
		}
		var out []string
		for wish := range strings.SplitSeq(os.Getenv("LANGUAGE"), ":") {
			if wish != "" {
				out = append(out, wish)
			}
		}
		return append(out, locale)
	}
	return systemLanguages()
}
