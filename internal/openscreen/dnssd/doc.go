// Package dnssd announces one service on the local network and finds the others
// of its type: DNS-Based Service Discovery (RFC 6763) over Multicast DNS (RFC
// 6762), IPv4 and IPv6, on every interface by itself, beside whatever other
// responder shares port 5353.
//
// A name is probed for before it is announced, defended while it is held, and
// changed when somebody else has it. Records are refreshed before they end,
// removed when they end or are taken back, and never asked for when they are
// known.
//
// Everybody on the network can send anything. A packet is looked at only within
// a budget per second and sender; tables are bounded, for every sender too, so
// that a flood fills the budget of its sender and no more.
//
// What records say is not proven by anything here.
package dnssd
