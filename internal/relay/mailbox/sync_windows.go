package mailbox

// syncDir does nothing: there names are durable by themselves.
func syncDir(string) error { return nil }
