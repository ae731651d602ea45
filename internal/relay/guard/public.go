package guard

import "net/netip"

// Public reports whether an address is one host on the public Internet, as far
// as its form tells: not one of RFC 6890 and the registries that follow it, nor
// one that embeds an IPv4 address, behind which a translator may sit.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1",
	} {
		if netip.MustParsePrefix(s).Contains(a) {
			return false
		}
	}
	return true
}
