package app

// What tests look at.

// HandleOf is handleOf.
func HandleOf(secret []byte, app, friend string) string { return handleOf(secret, app, friend) }
