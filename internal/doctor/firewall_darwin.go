package doctor

import (
	"context"
	"strings"

	"github.com/kith-web/kith/internal/text"
)

// firewalls asks the application firewall, which goes by programs, not by ports.
func firewalls(ctx context.Context, s system, rules []string) (verdict, bool) {
	v := verdict{by: text.Of("the firewall of macOS"), allow: darwinCommand()}
	state, err := s.run(ctx, "socketfilterfw", "--getglobalstate")
	if err != nil {
		return v, false
	}
	if strings.Contains(state, "State = 0") {
		v.off = true
		return v, true
	}
	blocked, err := s.run(ctx, "socketfilterfw", "--getappblocked", own())
	switch {
	case err != nil:
		v.veil(text.Of("it does not say whether it lets this program in"), v.allow)
	case strings.Contains(blocked, "is blocked") || strings.Contains(state, "State = 2"):
		v.closed = rules
	case !strings.Contains(blocked, "is permitted"):
		v.veil(text.Of("it has not been asked about this program yet"), v.allow)
	}
	return v, true
}
