package sqlite

import "fmt"

const (
	// piece is how long a part of a body is at most. A row of this length fills
	// two pages, and what SQLite allocates for it comes from memory it has
	// already, where longer ones would be mapped and unmapped each time.
	piece = 8000
	// parts is how many parts a body has at most.
	parts = 1024
)

// insertParts writes a body.
func (w *writer) insertParts(number int64, body []byte) error {
	if len(body) > parts*piece {
		return fmt.Errorf("a body of %d octets", len(body))
	}
	for id := number * parts; ; id++ {
		part := body[:min(len(body), piece):len(body)]
		body = body[len(part):]
		if part == nil {
			part = []byte{} // nil would be NULL
		}
		if _, err := w.insertBody.Exec(id, part); err != nil || len(body) == 0 {
			return err
		}
	}
}

// dropParts erases a body.
func (w *writer) dropParts(number int64) error {
	_, err := w.dropBody.Exec(number*parts, (number+1)*parts)
	return err
}
