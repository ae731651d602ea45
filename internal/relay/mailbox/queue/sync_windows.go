package queue

// SyncDir does nothing: there names are durable by themselves.
func SyncDir(string) error { return nil }
