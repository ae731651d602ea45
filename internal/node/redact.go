package node

import (
	"fmt"
	"log/slog"
	"strings"
)

// redact leaves user and password out of every URL in a text.
func redact(text string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "://")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteString("://")
		authority := after
		if end := strings.IndexAny(after, " \t\r\n\"'`<>\\/?#"); end >= 0 {
			authority = after[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			out.WriteString(hidden)
			after = after[at:]
		}
		text = after
	}
}

// redactAttr does so for what is logged, whoever logs it: other people's URLs
// stand in the errors of many libraries.
func redactAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(redact(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(redact(v.Error()))
		case fmt.Stringer:
			a.Value = slog.StringValue(redact(v.String()))
		case []string:
			all := make([]string, len(v))
			for i, s := range v {
				all[i] = redact(s)
			}
			a.Value = slog.AnyValue(all)
		}
	}
	return a
}
