package address

import (
	"strconv"
	"strings"
)

// HostForm says in which way a host name names a site.
type HostForm uint8

// The forms of host.
const (
	HostLabel     HostForm = iota + 1 // <label>.localhost, the origin people browse
	HostSubdomain                     // <cid>.ipfs.localhost, <name>.ipns.localhost
)

const localhost = ".localhost"

// FromHost returns the address a host below .localhost names, with or without a
// port. Subdomain hosts follow the subdomain gateway specification: a CID of
// any base that survives lower case, an IPNS key, or a name, inlined or not.
func FromHost(host string) (Address, HostForm, error) {
	a, form, err := fromHost(host)
	if err != nil {
		return Address{}, 0, about(host, err)
	}
	return a, form, nil
}

func fromHost(host string) (Address, HostForm, error) {
	name, err := withoutPort(host)
	if err != nil {
		return Address{}, 0, err
	}
	name = strings.TrimSuffix(lower(name), ".")
	front, ok := strings.CutSuffix(name, localhost)
	if !ok || front == "" {
		return Address{}, 0, invalid("the host is not below localhost")
	}
	if id, ok := strings.CutSuffix(front, ".ipfs"); ok {
		a, err := fromSubdomainCID(id)
		return a, HostSubdomain, err
	}
	if id, ok := strings.CutSuffix(front, ".ipns"); ok {
		a, err := fromSubdomainName(id)
		return a, HostSubdomain, err
	}
	if strings.Contains(front, ".") {
		return Address{}, 0, invalid("the origin of a site is one label below localhost").
			WithHint("write the dots of a name as hyphens: example-com.localhost")
	}
	a, err := fromLabel(front)
	return a, HostLabel, err
}

func fromSubdomainCID(id string) (Address, error) {
	c, ok := parseCID(id)
	if !ok {
		return Address{}, notACID(id)
	}
	return FromCID(c), nil
}

func fromSubdomainName(id string) (Address, error) {
	a, ok := parsePeerKey(id)
	if ok {
		return a, nil
	}
	var err error
	if strings.Contains(id, ".") {
		a, err = FromName(id)
	} else if name, ok := uninline(id); ok {
		a, err = FromName(name)
	} else {
		err = invalid("%s is neither an IPNS key nor a name", quote(id))
	}
	a.Hints.Prefer = NetworkIPFS
	return a, err
}

// withoutPort cuts ":port" off, which must be a number if it is there.
func withoutPort(host string) (string, error) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 {
		return host, nil
	}
	if _, err := strconv.ParseUint(host[i+1:], 10, 16); err != nil || strings.Contains(host[:i], ":") {
		return "", invalid("its port is not a number")
	}
	return host[:i], nil
}
