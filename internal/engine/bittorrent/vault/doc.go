// Package vault keeps the pieces of one torrent on disk.
//
// What is downloaded goes into one sparse file, piece i at i times the piece
// length, whatever the torrent's files are called and however many they are. A
// second file says which pieces are there: a piece's bit is set after its hash
// was checked, and counts after a power cut only if the piece was on the disk
// itself by then. After a mere kill every bit counts.
//
// What was published is read from the folder it lies in. A file whose size or
// modification time is not what it was takes its pieces off, before a single
// octet of them is given out; they can then be fetched from peers like any
// others.
package vault
