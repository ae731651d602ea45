// Package examples holds what a node can show to somebody who has just begun: a small
// site, and an app. They are real ones: welcome is published as it is, notes is the
// app of the same folder (README.md).
//
// Who publishes them, and when, is not its business: the console's tour does.
package examples
