package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/kith-web/kith/internal/fault"
)

// migrations are the steps from an empty file to the schema of today. Step i
// takes version i to i+1. A step is never changed once a release wrote it.
func migrations() []string {
	return []string{
		// 1: every row spells out the name of its bucket.
		`CREATE TABLE entry (
			bucket TEXT NOT NULL,
			key    BLOB NOT NULL,
			value  BLOB NOT NULL,
			PRIMARY KEY (bucket, key)
		) WITHOUT ROWID;`,

		// 2: names of buckets are kept once; rows carry a number. Engines keep
		// a row for every block of a published folder, so a row must be small.
		`CREATE TABLE bucket (
			id   INTEGER PRIMARY KEY,
			name TEXT NOT NULL UNIQUE
		);
		INSERT INTO bucket (name) SELECT DISTINCT bucket FROM entry ORDER BY bucket;
		ALTER TABLE entry RENAME TO entry1;
		CREATE TABLE entry (
			bucket INTEGER NOT NULL,
			key    BLOB NOT NULL,
			value  BLOB NOT NULL,
			PRIMARY KEY (bucket, key)
		) WITHOUT ROWID;
		INSERT INTO entry SELECT b.id, e.key, e.value FROM entry1 e JOIN bucket b ON b.name = e.bucket;
		DROP TABLE entry1;`,
	}
}

// migrate brings the file to the newest version. All of it happens, or none.
func (s *Store) migrate(ctx context.Context, steps []string) error {
	version, err := schemaVersion(ctx, s.durable)
	if err != nil {
		return err
	}
	if version == len(steps) {
		return nil
	}
	if version < 0 || version > len(steps) {
		return fault.New(fault.Unsupported, "the database %s has version %d, and this program knows versions up to %d",
			s.path, version, len(steps)).
			WithHint("it was written by a newer Kith: update this one, or choose another folder with --home")
	}
	tx, err := s.durable.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for i := version; i < len(steps); i++ {
		if _, err := tx.ExecContext(ctx, steps[i]); err != nil {
			return fmt.Errorf("migrate to version %d: %w", i+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps))); err != nil {
		return err
	}
	return tx.Commit()
}

func schemaVersion(ctx context.Context, db *sql.DB) (version int, err error) {
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}
