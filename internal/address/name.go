package address

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// maxName is the longest DNS name (RFC 1035 §2.3.4), maxLabel its longest part.
const (
	maxName  = 253
	maxLabel = 63
)

// FromName returns the address of a DNS name. International names are turned
// into their ASCII form (RFC 5891), capitals and a final dot do not matter.
//
// Refused are names of one label, IP addresses and anything else whose last
// label begins with a digit, names below localhost and torrent, and names whose
// origin label would be that of another kind of address.
func FromName(name string) (Address, error) {
	ascii, err := toASCII(name)
	if err != nil {
		return Address{}, err
	}
	if len(ascii) > maxName {
		return Address{}, invalid("the name %s is longer than %d octets", quote(name), maxName)
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		if err := checkNameLabel(name, l); err != nil {
			return Address{}, err
		}
	}
	last := labels[len(labels)-1]
	switch {
	case isIP(ascii), isDigit(last[0]):
		return Address{}, invalid("%s is not a DNS name: its last part begins with a digit", quote(name)).
			WithHint("an IP address is no site; give a CID, an infohash or a name like example.com")
	case len(labels) == 1:
		return Address{}, invalid("%s is one word, neither a domain name nor an identifier", quote(name)).
			WithHint("give a domain like example.com, a CID, or an infohash of 40 hex digits")
	case last == "localhost", last == "torrent":
		return Address{}, invalid("names below .%s belong to no site of the network", last)
	}
	if _, taken := fromReservedLabel(inline(ascii)); taken {
		return Address{}, invalid("the name %s would share its origin with a torrent", quote(name))
	}
	return Address{id: ID{kind: Name, text: ascii}}, nil
}

var errUnstable = errors.New("the name has no stable form")

func toASCII(name string) (string, error) {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 4*maxName {
		return "", invalid("a name is longer than %d octets", maxName)
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
		idna.StrictDomainName(true), idna.CheckHyphens(false))
	ascii, err := profile.ToASCII(name)
	if err == nil && strings.Contains(ascii, "xn--") {
		// Some names change once more: those have no one form.
		var again string
		if again, err = profile.ToASCII(ascii); again != ascii {
			err = errUnstable
		}
	}
	if err != nil {
		return "", invalid("%s is not a DNS name", quote(name)).
			WithHint("a name has letters, digits, hyphens and dots, like example.com")
	}
	return strings.TrimSuffix(ascii, "."), nil
}

func checkNameLabel(name, l string) error {
	ok := l != "" && len(l) <= maxLabel && l[0] != '-' && l[len(l)-1] != '-' &&
		all(l, isNameByte)
	if !ok {
		return invalid("%s is not a DNS name: its part %s is empty, too long or has a sign no name has", quote(name), quote(l)).
			WithHint("a name has letters, digits, hyphens and dots, like example.com")
	}
	return nil
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// inline makes one label of a name, as the subdomain gateway specification
// does: a hyphen is doubled, then a dot becomes a hyphen.
func inline(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "-", "--"), ".", "-")
}

// uninline is the inverse of inline. A run of one hyphen was a dot, an even run
// half as many hyphens; odd runs, and runs at the ends, come from no valid name,
// because no part of a name begins or ends with a hyphen.
func uninline(label string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(label); {
		if label[i] != '-' {
			b.WriteByte(label[i])
			i++
			continue
		}
		run := 1
		for i+run < len(label) && label[i+run] == '-' {
			run++
		}
		switch {
		case i == 0, i+run == len(label):
			return "", false
		case run == 1:
			b.WriteByte('.')
		case run%2 == 0:
			b.WriteString(label[i : i+run/2])
		default:
			return "", false
		}
		i += run
	}
	return b.String(), true
}
