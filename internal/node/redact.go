package node

import (
	"fmt"
	"log/slog"

	"github.com/kith-web/kith/internal/fault"
)

// redactAttr does so for what is logged, whoever logs it: other people's URLs
// stand in the errors of many libraries.
func redactAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(fault.Redact(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(fault.Redact(v.Error()))
		case fmt.Stringer:
			a.Value = slog.StringValue(fault.Redact(v.String()))
		case []string:
			all := make([]string, len(v))
			for i, s := range v {
				all[i] = fault.Redact(s)
			}
			a.Value = slog.AnyValue(all)
		}
	}
	return a
}
