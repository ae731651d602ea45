package sharing

import "github.com/kith-web/kith/internal/library"

// records are the person's part of the state that own devices share. The library
// keeps lists and receipts beside it, which are not the person's business.
type records struct{ library.Records }

// Each implements person.Records.
func (r records) Each(prefix string, f func(key string, value []byte) error) error {
	return r.Records.Each(prefix, func(key string, value []byte) error {
		if library.OwnRecord(key) {
			return nil
		}
		return f(key, value)
	})
}

// isPersons says whether a record is one that the person reads.
func isPersons(key string) bool { return key != "" && !library.OwnRecord(key) }
