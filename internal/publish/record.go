package publish

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/fault"
)

// recordPrefix is where records are in the bucket.
const recordPrefix = "publication/"

// record is what is stored of a publication.
type record struct {
	Publication
	// Replaced are addresses of earlier versions that are still to be let go.
	Replaced []string `json:"replaced,omitempty"`
}

// identify makes the ID of what is published from a folder.
func identify(folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// setAddress files one immutable address.
func (r *record) setAddress(a address.Address, q Request) {
	if a.Network() == address.NetworkIPFS {
		r.IPFS = a.Root().String()
		return
	}
	r.WTP = a.Root().String()
	a.Hints = address.Hints{DisplayName: r.Name, Trackers: q.Trackers, WebSeeds: q.WebSeeds}
	r.Magnet = a.Magnet()
}

// setName files one mutable address.
func (r *record) setName(a address.Address) {
	if a.Network() == address.NetworkIPFS {
		r.IPNS = a.Root().String()
		return
	}
	r.WTPKey = a.Root().String()
}

// immutable are the addresses of this version.
func (r *record) immutable() []string {
	return slices.DeleteFunc([]string{r.IPFS, r.WTP}, func(s string) bool { return s == "" })
}

// replaced lists what rec makes superfluous of old.
func (p *Publisher) replaced(old, rec record) []string {
	var out []string
	for _, s := range append(old.immutable(), old.Replaced...) {
		if !slices.Contains(rec.immutable(), s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// recall reads the record of id; its ID is "" when there is none.
func (p *Publisher) recall(id string) (record, error) {
	data, err := p.o.Publications.Get(recordPrefix + id)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	return decodeRecord(id, data)
}

func decodeRecord(id string, data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fault.New(fault.Corrupt, "what was stored of the publication %q is damaged: %w", id, err).
			WithHint("publish the folder again")
	}
	return r, nil
}

// save stores rec. Its name is taken from the publication that had it before.
func (p *Publisher) save(rec record) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	puts := map[string][]byte{}
	err := p.each(func(other record) error {
		if rec.Mutable == "" || other.Mutable != rec.Mutable || other.ID == rec.ID {
			return nil
		}
		other.Mutable, other.IPNS, other.WTPKey = "", "", ""
		data, err := json.Marshal(other)
		puts[recordPrefix+other.ID] = data
		return err
	})
	if err != nil {
		return err
	}
	rec.URLs, rec.DNS = nil, nil // made when asked for
	data, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	puts[recordPrefix+rec.ID] = data
	return p.o.Publications.Apply(puts, nil)
}

func (p *Publisher) each(f func(record) error) error {
	return p.o.Publications.Each(recordPrefix, func(key string, value []byte) error {
		rec, err := decodeRecord(strings.TrimPrefix(key, recordPrefix), value)
		if err != nil {
			return err
		}
		return f(rec)
	})
}

// isPublished reports whether a publication other than the one called except
// has the address a. When that cannot be told, it has.
func (p *Publisher) isPublished(a address.Address, except string) bool {
	found := false
	err := p.each(func(rec record) error {
		found = found || rec.ID != except && slices.Contains(rec.immutable(), a.Root().String())
		return nil
	})
	return found || err != nil
}

// Publications lists what is published, the newest first.
func (p *Publisher) Publications() ([]Publication, error) {
	out := []Publication{}
	err := p.each(func(rec record) error {
		out = append(out, rec.Publication.complete(p.o.Gateway))
		return nil
	})
	slices.SortFunc(out, func(a, b Publication) int {
		return cmp.Or(b.Published.Compare(a.Published), strings.Compare(a.Folder, b.Folder))
	})
	return out, err
}
