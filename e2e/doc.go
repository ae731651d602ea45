// Package e2e tries whole nodes: the kith program as processes of their own,
// beside aria2, Transmission, webtorrent, Kubo and the gateway-conformance
// suite. It holds tests only; browser tests are in browser/, benchmarks in
// bench/, and what starts the programs in harness/.
//
// Programs that come from no package registry are named by the environment:
//
//	KITH_KUBO                 an ipfs program (Kubo)
//	KITH_GATEWAY_CONFORMANCE  a checkout of the suite with its program built in it
//	KITH_BIN                  a kith program to test instead of building one
package e2e
