// Package hostile tries what people do who mean no good to real nodes, relays and
// hosts: it reads all that they log and answer for secrets, and floods every port
// they listen on.
//
// KITH_FLOOD makes the floods a minute long each, and many times as wide.
package hostile
