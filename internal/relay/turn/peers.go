package turn

import "net/netip"

// special are the addresses no packet is carried to: all that are not one host
// on the public Internet (RFC 6890 and the registries that follow it), and
// those that embed an IPv4 address, behind which a translator may sit.
func special() []netip.Prefix {
	var list []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// mayReach reports whether packets may be carried to a peer's address.
func (s *Server) mayReach(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" {
		return false
	}
	if s.o.AllowPrivate || a == s.o.PublicIP {
		return true
	}
	for _, p := range s.special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
