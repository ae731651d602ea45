package publish

// turn lets one goroutine at a time publish a folder.
type turn struct {
	token   chan struct{} // holds one token while nobody publishes
	waiting int           // guarded by Publisher.mu
}
