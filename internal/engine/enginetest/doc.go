// Package enginetest is the one suite that every engine passes. It publishes
// folders with one engine, opens them with it and with a second one that is its
// peer, and holds what is read against what was written: whole files, seeks,
// ranges across the borders of blocks, odd names, restarts, removals, files
// edited underneath, reads that must wait and are cancelled, mutable names.
//
// An engine is tested for what it implements: without engine.Publisher nothing
// can be opened and Run fails; engine.Namer is optional, and so is that sites are
// an engine.Piecer: their pieces are verified by code that no engine shares.
//
// Tree, Write and Publish are for other tests that need a site.
package enginetest
