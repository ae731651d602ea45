//go:build !linux

package api

func checkBuffers() Check {
	return Check{Name: "UDP buffer", State: Skipped, Message: "the system sizes it by itself"}
}

func checkLocalhost() Check {
	return Check{
		Name: "*.localhost", State: Skipped,
		Message: "Chromium and Firefox find the origins of sites by themselves; Safari may not",
		Hint:    "open sites in Firefox or a browser made of Chromium",
	}
}
