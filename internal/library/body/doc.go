// Package body keeps bodies of documents as sealed files: AES-256-GCM in chunks
// of 64 KiB, each with a random nonce and its place as additional data, so that
// any range is read by opening the chunks it touches (spec/private-sharing.md
// §6.1, §6.6). The key of a body is of that body alone and is kept elsewhere.
package body
