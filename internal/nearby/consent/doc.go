// Package consent keeps what a person let web pages do with devices nearby, and
// asks where they have not said yet.
//
// There are four things to agree to, each apart from the others: that an app may
// be found by others (Advertise), that it may reach one device (Reach), that one
// device may come in to it (Incoming), and that an origin of the web may talk to
// this node at all (Connect). A grant is of one app and, but for Advertise and
// Connect, one device; it is remembered only where the person said so, and can be
// taken back at any time.
//
// A Desk shows questions to the console, never to the page. A page whose question
// is dismissed, or not looked at, waits on: there is no answer "no" that it could
// tell from "not yet". What an app is called is its canonical address, or its
// origin on the web.
//
// Who may call what is for others to check: package api lets the console's owner
// answer, package page asks for pages.
package consent
