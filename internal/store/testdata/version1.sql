-- What a node of schema version 1 left behind.
CREATE TABLE entry (
	bucket TEXT NOT NULL,
	key    BLOB NOT NULL,
	value  BLOB NOT NULL,
	PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
INSERT INTO entry VALUES ('sites', CAST('ipfs://bafyone' AS BLOB), CAST('{"pinned":true}' AS BLOB));
INSERT INTO entry VALUES ('sites', CAST('example.com' AS BLOB), CAST('{"pinned":false}' AS BLOB));
INSERT INTO entry VALUES ('resolve', CAST('example.com' AS BLOB), x'00ff');
PRAGMA user_version = 1;
