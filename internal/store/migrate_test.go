package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/store"
)

// execute runs SQL on the database in dir as another program would.
func execute(t *testing.T, dir, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderFileIsMigrated(t *testing.T) {
	dump, err := os.ReadFile(filepath.Join("testdata", "version1.sql"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	execute(t, dir, string(dump))
	for range 2 { // the second time there is nothing left to do
		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for bucketName, want := range map[string]map[string]string{
			"sites":   {"ipfs://bafyone": `{"pinned":true}`, "example.com": `{"pinned":false}`},
			"resolve": {"example.com": "\x00\xff"},
		} {
			b := bucket(t, s, bucketName)
			for k, v := range want {
				if got, err := b.Get(k); err != nil || string(got) != v {
					t.Errorf("%s: Get(%s) = %q, %v; want %q", bucketName, k, got, err, v)
				}
			}
			if got := len(keys(t, b, "")); got != len(want) {
				t.Errorf("%s: %d keys, want %d", bucketName, got, len(want))
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANewerFileIsRefusedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	execute(t, dir, `CREATE TABLE future (x); INSERT INTO future VALUES (1); PRAGMA user_version = 999`)
	_, err := store.Open(dir)
	if fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "999") {
		t.Fatalf("Open: %v (kind %s)", err, fault.KindOf(err))
	}
	execute(t, dir, `INSERT INTO future SELECT 2 FROM future WHERE (SELECT count(*) FROM sqlite_schema) = 1`)
}

func TestAFailedMigrationChangesNothing(t *testing.T) {
	dir := t.TempDir()
	// Version 1 with a table that stands in the way of step 2.
	execute(t, dir, `CREATE TABLE entry (bucket TEXT, key BLOB, value BLOB, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
		INSERT INTO entry VALUES ('b', x'6b', x'76'); CREATE TABLE entry1 (x); PRAGMA user_version = 1`)
	if _, err := store.Open(dir); err == nil {
		t.Fatal("Open succeeded")
	}
	execute(t, dir, `DROP TABLE entry1`)
	if got, err := bucket(t, open(t, dir), "b").Get("k"); err != nil || string(got) != "v" {
		t.Errorf("Get = %q, %v", got, err)
	}
}
