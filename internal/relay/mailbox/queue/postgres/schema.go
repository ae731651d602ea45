package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/kith-web/kith/internal/fault"
)

// migrations are the steps from an empty database to the schema of today. Step i
// takes version i to i+1. A step is never changed once a release wrote it.
//
// Times are seconds since 1970, told by relays. Bodies are not compressed, as
// they are random octets; those beyond 2 KiB are kept apart from their rows
// (TOAST), so that counting and expiring read small rows alone.
func migrations() []string {
	return []string{
		`CREATE TABLE mailbox_queue (
			recipient     bytea    PRIMARY KEY,
			sender        bytea    NOT NULL UNIQUE,
			recipient_key bytea    NOT NULL,
			sender_key    bytea    NOT NULL,
			days          smallint NOT NULL,
			seen          bigint   NOT NULL,
			push          bytea
		);
		CREATE TABLE mailbox_message (
			recipient bytea  NOT NULL,
			number    bigint NOT NULL,
			id        bytea  NOT NULL,
			expires   bigint NOT NULL,
			body      bytea  NOT NULL,
			PRIMARY KEY (recipient, number)
		);`,
	}
}

// tuning is what PostgreSQL does better with and other engines may not know;
// each may fail. The table of messages is emptied as fast as it is filled, so
// it is vacuumed long before a fifth of it is dead.
func tuning() []string {
	return []string{
		`ALTER TABLE mailbox_message ALTER COLUMN body SET STORAGE EXTERNAL`,
		`ALTER TABLE mailbox_message SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
			autovacuum_vacuum_cost_limit = 2000, toast.autovacuum_vacuum_scale_factor = 0.02,
			toast.autovacuum_vacuum_threshold = 10000, toast.autovacuum_vacuum_cost_limit = 2000)`,
		`ALTER TABLE mailbox_queue SET (fillfactor = 90)`,
	}
}

// migrate brings the database to the newest version. Relays that start together
// do it one after the other: the row with the version is locked.
func (s *Store) migrate(ctx context.Context) error {
	steps := migrations()
	_, err := s.pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS mailbox_schema (id smallint PRIMARY KEY, version int NOT NULL)`)
	if err != nil && !isCode(err, uniqueViolation, duplicateTable, duplicateObject) { // another relay made it at the same moment
		return err
	}
	if _, err := s.pool.Exec(ctx, `INSERT INTO mailbox_schema VALUES (1, 0) ON CONFLICT DO NOTHING`); err != nil {
		return err
	}
	return s.transaction(ctx, func(tx pgx.Tx) error {
		var version int
		err := tx.QueryRow(ctx, `SELECT version FROM mailbox_schema WHERE id = 1 FOR UPDATE`).Scan(&version)
		if err != nil || version == len(steps) {
			return err
		}
		if version < 0 || version > len(steps) {
			return fault.New(fault.Unsupported, "the database of the mailboxes has version %d, and this program knows versions up to %d",
				version, len(steps)).
				WithHint("a newer Kith uses it: update this one, or name another database")
		}
		for i := version; i < len(steps); i++ {
			if _, err := tx.Exec(ctx, steps[i]); err != nil {
				return fmt.Errorf("migrate to version %d: %w", i+1, err)
			}
		}
		for _, step := range tuning() {
			if err := s.try(ctx, tx, step); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE mailbox_schema SET version = $1 WHERE id = 1`, len(steps))
		return err
	})
}

// try runs a statement whose failure does not matter.
func (s *Store) try(ctx context.Context, tx pgx.Tx, statement string) error {
	inner, err := tx.Begin(ctx) // a savepoint
	if err != nil {
		return err
	}
	if _, err := inner.Exec(ctx, statement); err != nil {
		s.o.Log.Debug("mailboxes: the database is not tuned", "statement", statement, "error", err)
		return inner.Rollback(ctx)
	}
	return inner.Commit(ctx)
}

// promises refuses a database that forgets what it has committed.
func (s *Store) promises(ctx context.Context) error {
	for _, setting := range []string{"fsync", "synchronous_commit"} {
		var value *string // NULL where the engine has no such setting
		if err := s.pool.QueryRow(ctx, `SELECT current_setting($1, true)`, setting).Scan(&value); err != nil {
			return err
		}
		if value != nil && *value == "off" {
			return fault.New(fault.Unsupported, "the database of the mailboxes loses what it was told when the power fails: %s is off", setting).
				WithHint("set %s = on for it: what a relay has accepted must not be lost", setting)
		}
	}
	return nil
}
