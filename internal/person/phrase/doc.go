// Package phrase turns the 32 octets that a person is made of into 24 words that
// people can write down, and back (BIP 39, English; spec/private-sharing.md §1).
package phrase
