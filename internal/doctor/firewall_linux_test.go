package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place makes a system of files and programs, given as path, content, ….
func place(t *testing.T, files ...string) system {
	t.Helper()
	s := system{root: t.TempDir()}
	s.path = filepath.Join(s.root, "bin")
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(s.root, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// ufwTuples are rules as ufw keeps them.
const ufwTuples = `*filter
### RULES ###
### tuple ### allow tcp 42069 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p tcp --dport 42069 -j ACCEPT
### tuple ### allow any 6000:6007,5485 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow any 42070 0.0.0.0/0 any 192.168.1.0/24 in
### tuple ### deny udp 42069 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow any
`

func TestFirewallsOfLinux(t *testing.T) {
	doors := func(want uint16) []Door { return []Door{{Name: "ipfs", Want: want}} }
	ufwOn := "ENABLED=yes\n"
	firewalldSays := func(tcp, udp string) string {
		return "#!/bin/sh\ncase $1 in --state) echo running;; *tcp) echo " + tcp + ";; *) echo " + udp + ";; esac\n"
	}
	for name, q := range map[string]struct {
		system system
		want   uint16
		state  State
		words  string
		hint   string
	}{
		"none":                  {place(t), 1, Skipped, "no firewall", ""},
		"nothing to let in":     {place(t), 0, Skipped, "no port", ""},
		"ufw off":               {place(t, "etc/ufw/ufw.conf", "ENABLED=no\n"), 1, Skipped, "no firewall", ""},
		"ufw unreadable":        {place(t, "etc/ufw/ufw.conf", "# c\n"+ufwOn), 1, Skipped, "only root", "sudo ufw allow 1/tcp && sudo ufw allow 1/udp"},
		"ufw half":              {place(t, "etc/ufw/ufw.conf", ufwOn, "etc/ufw/user.rules", ufwTuples), 42069, Warning, "at 42069/udp", "sudo ufw allow 42069/udp"},
		"ufw range":             {place(t, "etc/ufw/ufw.conf", ufwOn, "etc/ufw/user.rules", ufwTuples), 6001, OK, "6001/tcp and 6001/udp", ""},
		"ufw for some":          {place(t, "etc/ufw/ufw.conf", ufwOn, "etc/ufw/user.rules", ufwTuples), 42070, Warning, "42070/tcp", "ufw allow"},
		"ufw lets in":           {place(t, "etc/ufw/ufw.conf", ufwOn, "etc/ufw/user.rules", "", "etc/default/ufw", `DEFAULT_INPUT_POLICY="ACCEPT"`), 1, OK, "everybody", ""},
		"firewalld open":        {place(t, "bin/firewall-cmd", firewalldSays("yes", "yes")), 7, OK, "firewalld lets others in at 7/tcp and 7/udp", ""},
		"firewalld closed":      {place(t, "bin/firewall-cmd", firewalldSays("yes", "no")), 7, Warning, "at 7/udp", "--add-port=7/udp"},
		"firewalld is silent":   {place(t, "bin/firewall-cmd", firewalldSays("", "")), 7, Skipped, "does not say", "--list-all"},
		"nft refuses":           {place(t, "bin/nft", "#!/bin/sh\nexit 1\n"), 7, Skipped, "only root", "sudo nft list ruleset"},
		"nft is not understood": {place(t, "bin/nft", "#!/bin/sh\necho x\n"), 7, Skipped, "not understood", "sudo nft"},
		"nft without rules":     {place(t, "bin/nft", "#!/bin/sh\necho '{\"nftables\":[]}'\n"), 7, OK, "everybody", ""},
	} {
		c := checkFirewall(t.Context(), q.system, doors(q.want))
		if c.State != q.state || !strings.Contains(c.Message, q.words) || !strings.Contains(c.Hint, q.hint) || (q.hint == "") != (c.Hint == "") {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// rules is a filter as nft prints it, with some rules in its chain.
func rules(policy string, exprs ...string) string {
	var b strings.Builder
	b.WriteString(`{"nftables":[{"metainfo":{"version":"1.0.6"}},{"table":{"family":"inet","name":"filter"}},` +
		`{"chain":{"family":"inet","table":"filter","name":"input","type":"filter","hook":"input","prio":0,"policy":"` + policy + `"}},` +
		`{"chain":{"family":"inet","table":"filter","name":"more"}}`)
	for _, e := range exprs {
		chain := "input"
		if rest, ok := strings.CutPrefix(e, "more "); ok {
			chain, e = "more", rest
		}
		b.WriteString(`,{"rule":{"family":"inet","table":"filter","chain":"` + chain + `","expr":[` + e + `]}}`)
	}
	return b.String() + "]}"
}

func TestRulesOfTheKernel(t *testing.T) {
	match := func(left, op, right string) string {
		return `{"match":{"op":"` + op + `","left":{` + left + `},"right":` + right + `}},`
	}
	tcp, th := `"payload":{"protocol":"tcp","field":"dport"}`, `"payload":{"protocol":"th","field":"dport"}`
	state, proto, source := `"ct":{"key":"state"}`, `"meta":{"key":"l4proto"}`, `"payload":{"protocol":"ip","field":"saddr"}`
	accept, drop := `{"accept":null}`, `{"drop":null}`
	for name, q := range map[string]struct {
		text string
		in   bool
	}{
		"accept":          {rules("accept"), true},
		"drop":            {rules("drop"), false},
		"one port":        {rules("drop", match(tcp, "==", "42069")+accept), true},
		"another port":    {rules("drop", match(tcp, "==", "42070")+accept), false},
		"a set":           {rules("drop", match(tcp, "==", `{"set":[80,42069]}`)+accept), true},
		"a range":         {rules("drop", match(th, "==", `{"range":[42000,43000]}`)+accept), true},
		"all but":         {rules("accept", match(tcp, "!=", "42069")+drop), true},
		"dropped":         {rules("accept", `{"counter":{}},`+match(tcp, "==", "42069")+drop), false},
		"rejected":        {rules("accept", match(tcp, "==", "42069")+`{"reject":null}`), false},
		"answers only":    {rules("drop", match(state, "in", `["established","related"]`)+accept), false},
		"anything new":    {rules("drop", match(state, "in", `["new","established"]`)+accept), true},
		"some neighbours": {rules("drop", match(source, "==", `{"prefix":{"addr":"10.0.0.0","len":8}}`)+match(tcp, "==", "42069")+accept), false},
		"all of TCP":      {rules("drop", match(proto, "==", `"tcp"`)+accept), true},
		"all of UDP":      {rules("drop", match(proto, "==", `"udp"`)+accept), false},
		"a jump":          {rules("drop", `{"jump":{"target":"more"}}`, "more "+match(tcp, "==", "42069")+accept), true},
		"back again":      {rules("accept", `{"jump":{"target":"more"}}`, drop, "more "+`{"return":null}`), false},
		"gone":            {rules("accept", `{"goto":{"target":"more"}}`, drop), true},
		"round and round": {rules("accept", `{"jump":{"target":"more"}}`, "more "+`{"jump":{"target":"more"}}`), true},
		"of iptables":     {rules("drop", `{"xt":{"type":"match","name":"comment"}},`+accept), false},
	} {
		set, err := parseRuleset([]byte(q.text))
		if err != nil || len(set.filters()) != 1 {
			t.Errorf("%s: %v, %d filters", name, err, len(set.filters()))
			continue
		}
		if got := set.letsIn(set.filters()[0], "42069/tcp"); got != q.in {
			t.Errorf("%s: lets in: %v", name, got)
		}
	}
}

func FuzzRuleset(f *testing.F) {
	f.Add(rules("drop", `{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"set":[1,{"range":[2,3]}]}}},{"accept":null}`))
	f.Add(rules("accept", `{"jump":{"target":"more"}}`, `more {"goto":{"target":"input"}}`))
	f.Fuzz(func(_ *testing.T, text string) {
		set, err := parseRuleset([]byte(text))
		if err != nil {
			return
		}
		for _, c := range set.filters() {
			set.letsIn(c, "42069/tcp")
		}
	})
}

func FuzzTuples(f *testing.F) {
	f.Add(ufwTuples)
	f.Fuzz(func(_ *testing.T, text string) { ufwLetsIn(text, "42069/tcp") })
}
