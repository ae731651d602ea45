package address

import (
	"net/url"
	"strings"
)

// parseWeb reads an http or https URL: an origin of this node, a page of an
// IPFS gateway, or a .torrent file.
func parseWeb(s string) (Address, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return Address{}, invalid("it is not a web address")
	}
	tail := webTail(u)
	if a, ok := fromShell(u.Hostname(), tail); ok {
		return a, nil
	}
	if a, ok, err := fromWebHost(u.Host); ok {
		if err != nil {
			return Address{}, err
		}
		return a, a.setTail(tail)
	}
	for _, protocol := range []string{"ipfs", "ipns"} {
		rest, ok := strings.CutPrefix(tail, "/"+protocol+"/")
		if !ok {
			continue
		}
		if a, err := parseContent(protocol, rest); err == nil && (protocol == "ipfs" || !lostCapitals(rest)) {
			return a, nil
		}
	}
	if isTorrentName(u.Path) {
		return fromLocation(s)
	}
	return Address{}, invalid("it is an ordinary web address, which comes from a server and not from peers").
		WithHint("for the site of that name among peers, leave out %s://", u.Scheme)
}

// fromShell reads the address of the page that an app is shown in,
// http://localhost:5484/app/<label>/path.
func fromShell(host, tail string) (a Address, ok bool) {
	rest, ok := strings.CutPrefix(tail, "/app/")
	if !ok || lower(host) != "localhost" {
		return Address{}, false
	}
	label, tail := cutAuthority(rest)
	a, err := fromLabel(lower(label))
	return a, err == nil && a.setTail(tail) == nil
}

// fromWebHost reads a host below .localhost or a subdomain of a public gateway.
// ok is false for other hosts.
func fromWebHost(host string) (a Address, ok bool, err error) {
	name, err := withoutPort(host)
	if err != nil {
		return Address{}, false, err
	}
	name = strings.TrimSuffix(lower(name), ".")
	if strings.HasSuffix(name, localhost) {
		a, _, err = fromHost(name)
		return a, true, err
	}
	id, rest, _ := strings.Cut(name, ".")
	switch {
	case strings.HasPrefix(rest, "ipfs."):
		if c, ok := parseCID(id); ok {
			return FromCID(c), true, nil
		}
	case strings.HasPrefix(rest, "ipns."):
		if a, err := fromSubdomainName(id); err == nil {
			return a, true, nil
		}
	}
	return Address{}, false, nil
}

// webTail is everything after the host, as it was written.
func webTail(u *url.URL) string {
	tail := u.EscapedPath()
	if u.RawQuery != "" {
		tail += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		tail += "#" + u.EscapedFragment()
	}
	return tail
}

// parseFile reads a file: URL of a .torrent file.
func parseFile(s string) (Address, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/") {
		return Address{}, invalid("it is not the URL of a file on this computer")
	}
	if !isTorrentName(u.Path) {
		return Address{}, invalid("of files, only .torrent files are addresses").WithHint("publish a folder with 'kith publish'")
	}
	if strings.HasPrefix(u.Path, "/ipfs/") || strings.HasPrefix(u.Path, "/ipns/") || strings.ContainsRune(u.Path, 0) {
		return Address{}, invalid("its path cannot be told from a content path")
	}
	return fromLocation(u.Path)
}

// isTorrentName reports whether p ends in .torrent.
func isTorrentName(p string) bool {
	const suffix = ".torrent"
	return len(p) >= len(suffix) && strings.EqualFold(p[len(p)-len(suffix):], suffix)
}

// isFilePath reports whether text without a scheme is the path of a .torrent
// file, rather than that of a file on a site: unless it begins like a path, its
// first part must not be a DNS name.
func isFilePath(s string) bool {
	if !isTorrentName(s) {
		return false
	}
	first, _, _ := strings.Cut(s, "/")
	if first == "" || first == "." || first == ".." || first == "~" {
		return true
	}
	if _, _, err := fromHost(first); err == nil {
		return false
	}
	if _, ok := parseIdentifier(first); ok {
		return false
	}
	_, err := FromName(first)
	return err != nil
}

// fromLocation returns the address of a .torrent file at a path or URL.
func fromLocation(location string) (Address, error) {
	if scheme, _ := cutScheme(location); scheme == "http" || scheme == "https" {
		u, err := url.Parse(location)
		if err != nil {
			return Address{}, invalid("it is not a web address")
		}
		u.Host, u.Fragment, u.RawFragment = lower(u.Host), "", ""
		location = u.String()
	}
	return Address{id: ID{kind: Index, text: location}}, nil
}
