package doctor

import (
	"bufio"
	"context"
	"strconv"
	"strings"

	"github.com/kith-web/kith/internal/text"
)

// firewalls asks ufw, firewalld and the rules of the kernel, in this order: the
// first two write the rules that the third would show.
func firewalls(ctx context.Context, s system, rules []string) (verdict, bool) {
	if v, ok := ufw(s, rules); ok {
		return v, true
	}
	if v, ok := firewalld(ctx, s, rules); ok {
		return v, true
	}
	return nft(ctx, s, rules)
}

// ufw reads the files of ufw, which tell whether it is on to everybody and its rules
// to root.
func ufw(s system, rules []string) (verdict, bool) {
	conf, err := s.read("/etc/ufw/ufw.conf")
	if err != nil || !strings.Contains("\n"+strings.ToLower(string(conf)), "\nenabled=yes") {
		return verdict{}, false
	}
	v := verdict{by: text.Of("%s", "ufw")}
	found, err := s.read("/etc/ufw/user.rules")
	if err != nil {
		v.veil(text.Of("it is on, and which ports it lets in only root may read"),
			text.Of("'sudo ufw status' lists them; to open them, %s", ufwCommand(rules)))
		return v, true
	}
	if defaults, err := s.read("/etc/default/ufw"); err == nil && strings.Contains(string(defaults), `DEFAULT_INPUT_POLICY="ACCEPT"`) {
		v.off = true
		return v, true
	}
	for _, r := range rules {
		if !ufwLetsIn(string(found), r) {
			v.closed = append(v.closed, r)
		}
	}
	v.allow = text.Of("run %s", ufwCommand(v.closed))
	return v, true
}

// ufwLetsIn looks for a rule that lets everybody in at a port, in the form
// "### tuple ### allow tcp 42069 0.0.0.0/0 any 0.0.0.0/0 in".
func ufwLetsIn(text, rule string) bool {
	port, proto, _ := strings.Cut(rule, "/")
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		tuple, ok := strings.CutPrefix(lines.Text(), "### tuple ### ")
		f := strings.Fields(tuple)
		if !ok || len(f) < 7 || f[0] != "allow" || f[1] != "any" && f[1] != proto || f[5] != "0.0.0.0/0" || f[6] != "in" {
			continue
		}
		if f[2] == "any" || inPorts(f[2], port) {
			return true
		}
	}
	return false
}

// inPorts says whether a port is in a list of ports and ranges: 80,6000:6007.
func inPorts(ports, port string) bool {
	n, err := strconv.Atoi(port)
	if err != nil {
		return false
	}
	for p := range strings.SplitSeq(ports, ",") {
		from, to, isRange := strings.Cut(p, ":")
		if !isRange {
			to = from
		}
		a, err := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err == nil && err2 == nil && a <= n && n <= b {
			return true
		}
	}
	return false
}

// firewalld asks the service, which answers everybody who has a session.
func firewalld(ctx context.Context, s system, rules []string) (verdict, bool) {
	state, err := s.run(ctx, "firewall-cmd", "--state")
	if err != nil || strings.TrimSpace(state) != "running" {
		return verdict{}, false
	}
	v := verdict{by: text.Of("%s", "firewalld")}
	for _, r := range rules {
		answer, err := s.run(ctx, "firewall-cmd", "--query-port="+r)
		switch strings.TrimSpace(answer) {
		case "yes":
		case "no":
			v.closed = append(v.closed, r)
		default:
			why := text.Of("it does not say what it lets in")
			if err != nil {
				why = text.Of("%s: %v", why, err)
			}
			v.veil(why, text.Of("'sudo firewall-cmd --list-all' lists it; to open the ports, %s", firewalldCommand(rules)))
			return v, true
		}
	}
	v.allow = text.Of("run %s", firewalldCommand(v.closed))
	return v, true
}

// nft reads the rules of the kernel, those of iptables among them.
func nft(ctx context.Context, s system, rules []string) (verdict, bool) {
	v := verdict{by: text.Of("the packet filter (nftables)")}
	found, err := s.run(ctx, "nft", "-j", "list", "ruleset")
	if !installed(err) {
		return verdict{}, false
	}
	if err != nil {
		v.veil(text.Of("only root may read its rules"),
			text.Of("'sudo nft list ruleset' shows them; or run 'sudo kith doctor --home HOME' once"))
		return v, true
	}
	set, err := parseRuleset([]byte(found))
	if err != nil {
		v.veil(text.Of("its rules are not understood"), text.Of("'sudo nft list ruleset' shows them"))
		return v, true
	}
	filters := set.filters()
	v.off = len(filters) == 0
	for _, r := range rules {
		for _, chain := range filters {
			if !set.letsIn(chain, r) {
				v.closed = append(v.closed, r)
				v.allow = text.Of("run %s", chain.allowCommand(v.closed))
				break
			}
		}
	}
	return v, true
}
