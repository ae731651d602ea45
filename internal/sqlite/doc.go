// Package sqlite opens SQLite files the one way Kith uses them: a write-ahead
// log, deleted values overwritten with zeros (secure_delete), nobody else able
// to read them. The driver is modernc.org/sqlite, which is pure Go. What is in a
// file, its schema and who writes when is the business of whoever opens it.
package sqlite
