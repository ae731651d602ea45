// Package store keeps everything a node has to remember, in one SQLite file
// named kith.db in its home: named buckets of keys and values. What the values
// mean is the business of whoever owns the bucket; a consumer declares the part
// of Bucket's methods that it needs as an interface of its own.
//
// The file is in write-ahead-log mode with one writer and several readers, and
// deleted values are overwritten with zeros (secure_delete). A process killed at
// any moment loses nothing that was acknowledged. Against a power cut, Apply and
// everything before it is safe once it returned; a lone Put or Delete becomes
// safe with the next Apply, checkpoint or Close. So counters are cheap, and what
// a person asked for is never lost.
//
// The schema's version is in the file (PRAGMA user_version). An older file is
// migrated when it is opened, in one transaction; a newer one is refused.
package store
