package enginetest

import "testing"

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"a published site is a file system", publishedIsFS},
		{"a site from a peer is a file system", fetchedIsFS},
		{"a peer gets every byte", fetchedBytes},
		{"files seek", filesSeek},
		{"ranges across block borders", rangesAcrossBorders},
		{"readers do not disturb each other", parallelReaders},
		{"identity follows content", identityFollowsContent},
		{"a folder can be missing", missingNames},
		{"addresses of others are refused", foreignAddresses},
		{"opening waits and is told so", openWaits},
		{"a read that waits can be cancelled", readWaits},
		{"references are counted", references},
		{"complete fetches everything", completeKeeps},
		{"removing ends reads", removeEndsReads},
		{"removing leaves the folder alone", removeLeavesFolder},
		{"a restart keeps what was stored", restartKeeps},
		{"a restart keeps what was published", restartPublishes},
		{"an edited file is never served wrong", editedFolder},
		{"publishing again costs what changed", publishAgain},
		{"a reader serves on", readerServes},
		{"pieces verify by the index", piecesVerify},
		{"pieces end where the index does", piecesEnd},
		{"a piece that waits can be cancelled", piecesWait},
		{"a piece of an edited file is never wrong", piecesOfEditedFile},
		{"names move", namesMove},
		{"a restart keeps the sequence of names", namesAfterRestart},
		{"unknown names fail in time", unknownName},
		{"the engine describes itself", describesItself},
		{"a closed engine fails", closedEngine},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
}
