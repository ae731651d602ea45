package resolve

import (
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// The most TXT records that are looked at, and the longest of them.
const (
	maxRecords = 64
	maxRecord  = 4096
)

// parseDNSLink finds "dnslink=/ipfs/…" or "dnslink=/ipns/…" among TXT records.
// Of several the first in the order of octets counts, so that everybody chooses
// the same.
func parseDNSLink(records []string) (address.Address, error) {
	return pick(records, "dnslink=", func(value string) (address.Address, error) {
		if !strings.HasPrefix(value, "/ipfs/") && !strings.HasPrefix(value, "/ipns/") {
			return address.Address{}, fault.New(fault.Corrupt, "it is neither /ipfs/ nor /ipns/")
		}
		return address.Parse(value)
	})
}

// parseWTPKey finds "wtpkey=<infohash or key>" among TXT records.
func parseWTPKey(records []string) (address.Address, error) {
	return pick(records, "wtpkey=", parseTorrent)
}

// parseTorrent reads an infohash or BEP 46 key with or without wtp://.
func parseTorrent(value string) (address.Address, error) {
	if len(value) < len("wtp:") || !strings.EqualFold(value[:4], "wtp:") {
		value = "wtp://" + value
	}
	a, err := address.Parse(value)
	if err == nil && a.Kind() != address.Torrent && a.Kind() != address.Mutable {
		err = fault.New(fault.Corrupt, "it is no infohash")
	}
	return a, err
}

// pick returns the first record that begins with prefix, in any case and with or
// without quotes, and that parse reads. Without such a record the error is
// fault.NotFound, and with bad ones only fault.Corrupt.
func pick(records []string, prefix string, parse func(string) (address.Address, error)) (address.Address, error) {
	records = slices.Clone(records[:min(len(records), maxRecords)])
	slices.Sort(records)
	err := error(fault.New(fault.NotFound, "there is no record %s", prefix))
	for _, r := range records {
		if len(r) > maxRecord {
			continue
		}
		r = strings.Trim(strings.TrimSpace(r), `"'`)
		if len(r) < len(prefix) || !strings.EqualFold(r[:len(prefix)], prefix) {
			continue
		}
		a, bad := parse(strings.Trim(strings.TrimSpace(r[len(prefix):]), `"'`))
		if bad == nil {
			return a, nil
		}
		err = fault.New(fault.Corrupt, "the record %q is unusable: %w", r[:min(len(r), 200)], bad)
	}
	return address.Address{}, err
}
