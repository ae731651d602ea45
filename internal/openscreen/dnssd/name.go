package dnssd

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// labelSize is the most octets of a label.
const labelSize = 63

// escape writes octets in the presentation form that DNS messages are made of
// here: dots, backslashes, quotes and what cannot be printed behind a backslash.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case strings.IndexByte(`.\"; ()@$`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescape is the way back. What is not well-formed is taken as it stands.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if i+2 < len(s) && digit(s[i]) && digit(s[i+1]) && digit(s[i+2]) {
			if n := int(s[i]-'0')*100 + int(s[i+1]-'0')*10 + int(s[i+2]-'0'); n < 256 {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// instanceOf returns the instance of a full name of the service type, "" if it
// is none.
func instanceOf(name, service string) string {
	labels := dns.SplitDomainName(name)
	if len(labels) < 2 || !strings.EqualFold(strings.Join(labels[1:], ".")+".", service) {
		return ""
	}
	instance := unescape(labels[0])
	if len(instance) > labelSize {
		return ""
	}
	return instance
}

// fold is the form of a name to compare and look up by.
func fold(name string) string { return strings.ToLower(name) }

// readTXT takes the keys and values of a TXT record (RFC 6763, section 6). The
// first of several with one key counts.
func readTXT(txt []string) map[string]string {
	m := map[string]string{}
	for _, s := range txt {
		key, value, _ := strings.Cut(unescape(s), "=")
		key = strings.ToLower(key)
		if _, dup := m[key]; key != "" && !dup {
			m[key] = value
		}
	}
	return m
}

// writeTXT is the way back, of keys and values in turn.
func writeTXT(pairs []Pair) []string {
	out := make([]string, 0, len(pairs))
	for _, p := range pairs {
		out = append(out, escape(p.Key+"="+p.Value))
	}
	return out
}
