package doctor

import (
	"encoding/json"
	"strconv"
	"strings"
)

// maxJumps bounds how deep chains may lead to chains.
const maxJumps = 16

// ruleset is what `nft -j list ruleset` prints, as far as it is about packets that
// come in (libnftables-json(5)).
type ruleset struct {
	Chains []nftChain
	Rules  []nftRule
}

type nftChain struct {
	Family, Table, Name, Type, Hook, Policy string
}

type nftRule struct {
	Family, Table, Chain string
	Expr                 []map[string]json.RawMessage
}

func parseRuleset(text []byte) (ruleset, error) {
	var doc struct {
		Nftables []struct {
			Chain *nftChain
			Rule  *nftRule
		}
	}
	var set ruleset
	err := json.Unmarshal(text, &doc)
	for _, one := range doc.Nftables {
		if one.Chain != nil {
			set.Chains = append(set.Chains, *one.Chain)
		}
		if one.Rule != nil {
			set.Rules = append(set.Rules, *one.Rule)
		}
	}
	return set, err
}

// filters are the chains that every packet for this computer goes through.
func (s ruleset) filters() []nftChain {
	var found []nftChain
	for _, c := range s.Chains {
		if c.Hook == "input" && c.Type == "filter" {
			found = append(found, c)
		}
	}
	return found
}

// letsIn says whether a chain lets a stranger's first packet in at a port. A rule
// with a condition that says something of the stranger does not hold for all, so it
// counts for none.
func (s ruleset) letsIn(c nftChain, rule string) bool {
	switch s.walk(c, rule, 0) {
	case "accept":
		return true
	case "drop", "reject":
		return false
	}
	return c.Policy != "drop"
}

// walk follows the rules of a chain to the first word that ends it; "" for none.
func (s ruleset) walk(c nftChain, rule string, depth int) string {
	if depth > maxJumps {
		return ""
	}
	for _, r := range s.Rules {
		if r.Family != c.Family || r.Table != c.Table || r.Chain != c.Name || !r.holds(rule) {
			continue
		}
		for _, e := range r.Expr {
			for _, word := range []string{"accept", "drop", "reject", "return"} {
				if _, ok := e[word]; ok {
					return word
				}
			}
			for _, word := range []string{"jump", "goto"} {
				var to struct{ Target string }
				if raw, ok := e[word]; !ok || json.Unmarshal(raw, &to) != nil {
					continue
				}
				next := nftChain{Family: c.Family, Table: c.Table, Name: to.Target}
				if said := s.walk(next, rule, depth+1); said != "" && said != "return" || word == "goto" {
					return said
				}
			}
		}
	}
	return ""
}

// holds says whether all conditions of a rule hold for every first packet to a port.
func (r nftRule) holds(rule string) bool {
	port, proto, _ := strings.Cut(rule, "/")
	for _, e := range r.Expr {
		if _, other := e["xt"]; other {
			return false
		}
		raw, ok := e["match"]
		if !ok {
			continue
		}
		var m nftMatch
		if json.Unmarshal(raw, &m) != nil || !m.holds(port, proto) {
			return false
		}
	}
	return true
}

// nftMatch is one condition.
type nftMatch struct {
	Op   string
	Left struct {
		Payload struct{ Protocol, Field string }
		Meta    struct{ Key string }
		CT      struct{ Key string }
	}
	Right json.RawMessage
}

func (m nftMatch) holds(port, proto string) bool {
	var is bool
	switch p := m.Left.Payload; {
	case p.Field == "dport" && (p.Protocol == proto || p.Protocol == "th"):
		is = among(m.Right, port)
	case p.Protocol == "ip" && p.Field == "protocol", p.Protocol == "ip6" && p.Field == "nexthdr", m.Left.Meta.Key == "l4proto":
		is = among(m.Right, proto)
	case m.Left.CT.Key == "state":
		is = among(m.Right, "new")
	default:
		return false
	}
	return is == (m.Op != "!=")
}

// among says whether a word is what the right side of a condition names: a value, a
// list, a set or a range of numbers.
func among(right json.RawMessage, word string) bool {
	var values []json.RawMessage
	if json.Unmarshal(right, &values) == nil {
		for _, v := range values {
			if among(v, word) {
				return true
			}
		}
		return false
	}
	var nested struct {
		Set   json.RawMessage
		Range []int
	}
	if json.Unmarshal(right, &nested) == nil {
		n, err := strconv.Atoi(word)
		if len(nested.Range) == 2 && err == nil {
			return nested.Range[0] <= n && n <= nested.Range[1]
		}
		return nested.Set != nil && among(nested.Set, word)
	}
	return strings.Trim(string(right), `"`) == word
}

// allowCommand opens ports at the head of a chain.
func (c nftChain) allowCommand(rules []string) string {
	var words []string
	for _, r := range rules {
		port, proto, _ := strings.Cut(r, "/")
		words = append(words, "sudo nft insert rule "+c.Family+" "+c.Table+" "+c.Name+" "+proto+" dport "+port+" accept")
	}
	return "'" + strings.Join(words, " && ") + "'"
}
