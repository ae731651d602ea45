// Package app is what web apps on a node's origins get from it: the node's side of
// spec/app-api.md, HTTP below /.kith/ of an app's own origin. It decides who asks
// (Fetch Metadata, Origin, the person's consent for that origin), turns requests
// into calls of internal/sharing, and keeps of its own what was granted, mounts
// and requests that friends have not answered yet.
//
// What it leaves to others: which origins there are and which are shown as apps
// (internal/gateway), documents and friends (internal/sharing), showing the
// questions of its Desk to the person (internal/api and the console), and whose
// connection a request comes by (internal/api.ForOwner).
//
// An app is never told of what it may not see: other apps' documents, friends it
// was not shown and requests of other origins are answered as what does not exist.
package app
