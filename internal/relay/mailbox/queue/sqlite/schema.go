package sqlite

import (
	"fmt"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sqlite"
)

// migrations are the steps from an empty file to the schema of today. Step i
// takes version i to i+1. A step is never changed once a release wrote it.
//
// queue has a short number for each queue, so that rows about messages are
// small. waiting has a row for each message, by queue. Bodies are apart, so that
// they are appended and counting a queue reads none: part i of the body of
// message n is row n*parts+i (body.go). There is no index for expiry: rows are
// swept (expire.go), which costs a message nothing. state has the last number
// that was given.
func migrations() []string {
	return []string{
		`CREATE TABLE queue (
			id            INTEGER PRIMARY KEY,
			recipient     BLOB    NOT NULL UNIQUE,
			sender        BLOB    NOT NULL UNIQUE,
			recipient_key BLOB    NOT NULL,
			sender_key    BLOB    NOT NULL,
			days          INTEGER NOT NULL,
			seen          INTEGER NOT NULL,
			push          BLOB
		);
		CREATE TABLE waiting (
			queue   INTEGER NOT NULL,
			number  INTEGER NOT NULL,
			id      BLOB    NOT NULL,
			octets  INTEGER NOT NULL,
			expires INTEGER NOT NULL,
			PRIMARY KEY (queue, number)
		) WITHOUT ROWID;
		CREATE TABLE body (
			id    INTEGER PRIMARY KEY,
			piece BLOB NOT NULL
		);
		CREATE TABLE state (number INTEGER NOT NULL);
		INSERT INTO state VALUES (0);`,
	}
}

// migrate brings the file to the newest version. All of it happens, or none.
func migrate(c *sqlite.Conn, path string, steps []string) error {
	version, err := c.Int("PRAGMA user_version")
	if err != nil {
		return err
	}
	newest := int64(len(steps))
	if version == newest {
		return nil
	}
	if version < 0 || version > newest {
		return fault.New(fault.Unsupported, "the mailboxes in %s have version %d, and this program knows versions up to %d",
			path, version, newest).
			WithHint("they were written by a newer Kith: update this one, or choose another folder with --home")
	}
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i := version; i < newest; i++ {
		if err := c.Exec(steps[i]); err != nil {
			return rollback(c, fmt.Errorf("migrate to version %d: %w", i+1, err))
		}
	}
	if err := c.Exec(fmt.Sprintf("PRAGMA user_version = %d", newest)); err != nil {
		return rollback(c, err)
	}
	if err := c.Exec("COMMIT"); err != nil {
		return rollback(c, err)
	}
	return nil
}

// rollback ends a transaction that failed with err. SQLite may have ended it
// already.
func rollback(c *sqlite.Conn, err error) error {
	_ = c.Exec("ROLLBACK")
	return err
}
