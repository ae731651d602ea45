//go:build !windows

package node

// systemLanguages: a system with POSIX locales has said so in the environment.
func systemLanguages() []string { return nil }
