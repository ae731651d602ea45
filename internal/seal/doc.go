// Package seal is the cryptography and the wire format of private sharing
// (spec/private-sharing.md): relations and their keys, epochs and contexts,
// envelopes and their padding, invitations, chunks, and the messages inside. It
// is pure: no network, no files, no clock; the TypeScript peer does the same on
// the same vectors (spec/vectors/private-sharing.json). Who is a friend is
// internal/person's business, what may be seen internal/library's, and how an
// envelope travels internal/exchange's.
package seal
