// Package sharing is a person's private side as one service: it puts
// internal/person (who I am, my devices, my friends), internal/library (my
// documents, and what friends sent me) and internal/exchange (how sealed
// messages travel) together, joined by internal/sharing/joint, and is what the
// API, the command line and the console talk to. The protocol is
// spec/private-sharing.md. It adds no rules of its own: what one part decides it
// hands to the others.
package sharing
