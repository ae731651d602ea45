package sqlite

import (
	"database/sql/driver"

	"github.com/kith-web/kith/internal/relay/mailbox/queue"
)

// found is a queue as rows about messages name it.
type found struct {
	number int64
	other  queue.ID // of the other side
	key    queue.Key
	ok     bool
}

func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

func octets(v driver.Value) []byte {
	b, _ := v.([]byte)
	return b
}

// blob is b as a value; nothing is NULL.
func blob(b []byte) driver.Value {
	if len(b) == 0 {
		return nil
	}
	return b
}
