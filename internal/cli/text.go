package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// bytesText writes a number of bytes as people read it.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for value >= 999.5 && len(names) > 1 {
		value, names = value/unit, names[1:]
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %s", value, names[0])
	}
	return fmt.Sprintf("%.0f %s", value, names[0])
}

// rate writes bytes a second; "-" for none.
func rate(n int64) string {
	if n == 0 {
		return "-"
	}
	return bytesText(n) + "/s"
}

// share writes how much of a whole there is.
func share(part, whole int64) string {
	if whole <= 0 {
		return "-"
	}
	if part >= whole {
		return "all"
	}
	return fmt.Sprintf("%d%%", part*100/whole)
}

// duration writes a length of time in its largest two units.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// count writes "1 file" and "2 files".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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
