package address

import (
	"encoding/hex"
	"strings"
)

// The prefixes of labels that are no CID and no name.
const (
	labelTorrent = "wtp-"
	labelDevice  = "nearby-"
)

// Label returns the DNS label that is the site's origin below .localhost. It
// fails for an Index, whose site is not known before it is read, and where the
// label would be longer than DNS allows.
func (a Address) Label() (string, error) {
	label := ""
	switch a.id.kind {
	case IPFS, IPNS:
		label = base36(a.id.cid)
	case Torrent:
		if h, ok := a.InfoHash(); ok {
			label = labelTorrent + hex.EncodeToString(h[:])
		} else {
			label = labelTorrent + base32Lower().EncodeToString(a.id.v2[:])
		}
	case Mutable:
		label = labelTorrent + keyForm(a.id.key, a.id.text)
	case Name:
		label = inline(a.id.text)
	case Device:
		label = labelDevice + a.id.text
	case Index:
		return "", invalid("%s has no origin before it is read", quote(a.id.text)).WithHint("open the .torrent file first")
	default:
		return "", invalid("an empty address has no origin")
	}
	if len(label) > maxLabel {
		return "", invalid("%s has no origin: as a host name it is longer than %d signs", a.Key(), maxLabel).
			WithHint("use a CID with a hash of 256 bits, or a shorter name")
	}
	return label, nil
}

// FromLabel returns the address whose origin is label. It is the inverse of
// Label, and understands CIDs in other bases than Label writes.
func FromLabel(label string) (Address, error) {
	a, err := fromLabel(lower(label))
	if err != nil {
		return Address{}, about(label, err)
	}
	return a, nil
}

func fromLabel(label string) (Address, error) {
	switch {
	case len(label) > maxLabel:
		return Address{}, invalid("it is longer than %d signs", maxLabel)
	case !all(label, isNameByte):
		return Address{}, invalid("it is not one label of letters, digits and hyphens")
	}
	if !strings.Contains(label, "-") {
		c, ok := parseCID(label)
		if !ok {
			return Address{}, invalid("a host name without a hyphen is a CID, and it is none").
				WithHint("write the dots of a name as hyphens: example-com.localhost")
		}
		return FromCID(c), nil
	}
	if a, ok := fromReservedLabel(label); ok {
		return a, nil
	}
	name, ok := uninline(label)
	if !ok {
		return Address{}, invalid("it is no name written as one label").
			WithHint("write the dots of a name as hyphens, and its hyphens twice: my-site.org is my--site-org")
	}
	return FromName(name)
}

// fromReservedLabel reads the wtp- and nearby- labels.
func fromReservedLabel(label string) (a Address, ok bool) {
	if id, ok := strings.CutPrefix(label, labelDevice); ok && isDeviceID(id) {
		a, err := FromDevice(id)
		return a, err == nil
	}
	rest, ok := strings.CutPrefix(label, labelTorrent)
	if !ok {
		return Address{}, false
	}
	if len(rest) == 40 {
		return parseInfoHash(rest)
	}
	if a, ok := parseBase32V2(rest); ok {
		return a, true
	}
	return parseKeyForm(rest)
}
