// Package guard keeps the master key under which everything private of a home is
// sealed (spec/private-sharing.md §6.6): in the keyring of the operating system,
// under a passphrase, or, where a person chose neither, in a file that is readable
// to its owner alone. Status says which, honestly. What is sealed by the key is
// internal/library's and internal/person's business.
//
// Changing the way does not change the key. A keyring that does not answer is
// given up after a deadline and never waited for again in the same call.
package guard
