// Package node puts the parts together and runs them: it reads the
// configuration, takes the home, opens the store, starts the engines, and puts
// resolver, sites, publisher, gateway and API on top of one another with plain
// constructors. It is the only package that knows all of them, and the only one
// that reads the environment.
//
// Load gives a Config; New starts a Node from it; Node.Run serves until its
// context ends and then closes everything in the reverse order, within a
// deadline. What each part does is written in its own package.
package node
