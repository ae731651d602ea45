package sqlite

import (
	"fmt"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/relay/mailbox/queue/segment"
	"github.com/kith-web/kith/internal/sqlite"
)

// migrations are the steps from an empty file to the schema of today. Step i
// takes version i to i+1. A step is never changed once a release wrote it.
//
// queue has a short number for each queue, so that rows about messages are
// small. waiting has a row for each message, by queue, which names the place of
// its body. segment counts how many octets of records are named in each file of
// bodies. There is no index for expiry: rows are swept (expire.go), which costs a
// message nothing. state has the last number that was given, up to where the log
// is in these tables, and how often the file was opened.
//
// Bodies of version 1 were in a table of their own, part i of message n in row
// n*1024+i.
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
		`ALTER TABLE waiting ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE waiting ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
		CREATE TABLE segment (
			id   INTEGER PRIMARY KEY,
			live INTEGER NOT NULL
		);
		ALTER TABLE state ADD COLUMN segment INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE state ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE state ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE state ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;`,
	}
}

// withSegments is the version from which bodies are in files.
const withSegments = 2

// migrate brings the file to the newest version. All of it happens, or none.
func migrate(c *sqlite.Conn, path string, bodies *segment.Log) error {
	steps := migrations()
	newest := int64(len(steps))
	version, err := c.Int("PRAGMA user_version")
	if err != nil {
		return err
	}
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
		err := c.Exec(steps[i])
		if i+1 == withSegments && err == nil {
			err = moveOut(c, bodies)
		}
		if err != nil {
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
