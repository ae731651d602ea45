// Package api is the local HTTP API of a node, on the console's own origin
// http://localhost:PORT, and the client that the command line uses.
//
// Server answers everything on that origin: the console's page and its assets,
// the shell that apps run in (/app/<label>/), the API (/api/v1/), metrics and
// profiles. Sites are on origins of their own and are the business of package
// gateway, which hands over what belongs here.
//
// Every web page the person opens can send requests to loopback, and so can
// every other user of the computer. Who may do what is in guard.go and
// owner_linux.go; docs/decisions/0003-console-access.md says why.
//
// Answers are JSON. Errors have the form of package fault, whose kind chooses
// the status. Long work (publishing) is answered by lines of JSON that carry
// progress and end in a result or an error; it stops when the client hangs up.
package api
