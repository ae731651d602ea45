package doctor

import (
	"context"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/kith-web/kith/internal/text"
)

// firewallPolicy is where Windows keeps its firewall, for everybody to read.
const firewallPolicy = `SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\`

// firewalls reads the firewall of Windows, which goes by programs: it lets in those
// that a rule names.
func firewalls(_ context.Context, _ system, rules []string) (verdict, bool) {
	v := verdict{by: text.Of("the firewall of Windows"), allow: windowsCommand()}
	on := false
	for _, profile := range []string{"StandardProfile", "PublicProfile"} {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, firewallPolicy+profile, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		enabled, _, err := k.GetIntegerValue("EnableFirewall")
		_ = k.Close()
		on = on || err == nil && enabled != 0
	}
	if !on {
		v.off = true
		return v, true
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, firewallPolicy+"FirewallRules", registry.QUERY_VALUE)
	if err != nil {
		v.veil(text.Of("its rules cannot be read"), v.allow)
		return v, true
	}
	defer func() { _ = k.Close() }()
	names, err := k.ReadValueNames(0)
	if err != nil {
		v.veil(text.Of("its rules cannot be read"), v.allow)
		return v, true
	}
	var texts []string
	for _, name := range names {
		if text, _, err := k.GetStringValue(name); err == nil {
			texts = append(texts, text)
		}
	}
	if !windowsLetsIn(texts, own()) {
		v.closed = rules
	}
	return v, true
}

// windowsLetsIn looks for a rule that lets a program in, and none that keeps it out:
// "v2.30|Action=Allow|Active=TRUE|Dir=In|App=C:\kith.exe|Name=Kith|".
func windowsLetsIn(rules []string, program string) bool {
	allowed := false
	for _, r := range rules {
		if !strings.Contains(r, "|Active=TRUE|") || !strings.Contains(r, "|Dir=In|") || !strings.Contains(strings.ToLower(r), "|app="+strings.ToLower(program)+"|") {
			continue
		}
		if strings.Contains(r, "|Action=Block|") {
			return false
		}
		allowed = allowed || strings.Contains(r, "|Action=Allow|")
	}
	return allowed
}
