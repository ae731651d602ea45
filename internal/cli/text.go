package cli

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kith-web/kith/internal/text"
)

// bytesText writes a number of bytes as people read it.
func bytesText(n int64) text.Phrase {
	const unit = 1024
	if n < unit {
		return text.Of("%d B", n)
	}
	value, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for value >= 999.5 && len(names) > 1 {
		value, names = value/unit, names[1:]
	}
	digits := 0
	if value < 10 {
		digits = 1
	}
	return text.Of("%s %s", text.Decimal{Value: value, Digits: digits}, names[0])
}

// rate writes bytes a second; "-" for none.
func rate(n int64) text.Phrase {
	if n == 0 {
		return text.Of("-")
	}
	return text.Of("%s/s", bytesText(n))
}

// share writes how much of a whole there is.
func share(part, whole int64) text.Phrase {
	if whole <= 0 {
		return text.Of("-")
	}
	if part >= whole {
		return text.Of("all")
	}
	return text.Of("%d%%", part*100/whole)
}

// duration writes a length of time in its largest two units.
func duration(d time.Duration) text.Phrase {
	switch {
	case d < 0:
		return text.Of("%d s", 0)
	case d < time.Minute:
		return text.Of("%d s", int(d.Seconds()))
	case d < time.Hour:
		return text.Of("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return text.Of("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return text.Of("%d days", int(d.Hours())/24)
}

// clip shortens s to at most n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// printable keeps text of strangers from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
