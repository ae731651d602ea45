// Package fault gives every error that reaches a person one kind, and keeps the
// one table that says what a kind means: the HTTP status a gateway or API
// answers with, the exit code a command ends with, and the hint printed when
// the error brings none of its own.
//
// An error made here survives wrapping with %w and survives the wire: the API
// sends its JSON form and the client rebuilds an equal error from it.
//
// Localize says an error in the language of whoever reads it.
//
// The package is pure: standard library and texts, no network, files or clock.
package fault
