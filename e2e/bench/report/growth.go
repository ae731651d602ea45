package report

import "time"

// growth are the curves: how cost grows with work.
func growth() []Group {
	step := func(pkg, test string, within time.Duration) []Step {
		return []Step{{Package: pkg, Test: "^" + test + "$", Env: []string{"KITH_BENCH_GROWTH=1"}, Within: within}}
	}
	const about = "Both axes are logarithmic, so a straight line is a power of the work: its exponent is fitted to the upper half of the range, where fixed costs no longer hide the growth. "
	return []Group{
		{
			Name: "growth-size", Heading: "Growth with the size of a file", Takes: 3 * time.Minute, Steps: step("e2e/bench", "TestGrowthOfSize", 30*time.Minute),
			About: about + "One file is published, read hot by its IPFS address, and fetched cold from one peer.",
		},
		{
			Name: "growth-sites", Heading: "Growth with the sites a node knows", Takes: 8 * time.Minute, Steps: step("e2e/bench", "TestGrowthOfSites", 60*time.Minute),
			About: about + "One node publishes ever more sites of one page. A request reads the page of a site that was not read before.",
		},
		{
			Name: "growth-peers", Heading: "Growth with the peers of a download", Takes: 3 * time.Minute, Steps: step("e2e/bench", "TestGrowthOfPeers", 30*time.Minute),
			About: about + "128 MiB over BitTorrent from so many Kith nodes which all have everything; they share the two cores with the one that fetches.",
		},
		{
			Name: "growth-documents", Heading: "Growth with the documents of a person", Takes: 2 * time.Minute, Steps: step("internal/library", "TestGrowthOfDocuments", 30*time.Minute),
			About: about + "The library alone, as a node and a browser use it.",
		},
		{
			Name: "growth-friends", Heading: "Growth with friends", Takes: 6 * time.Minute, Steps: step("e2e/friends", "TestGrowthOfFriends", 60*time.Minute),
			About: about + "One node whose documents all friends may see. A change counts when the last friend was told.",
		},
		{
			Name: "growth-queues", Heading: "Growth with a relay's queues", Takes: 2 * time.Minute, Steps: step("internal/relay/mailbox/queue/sqlite", "TestGrowthOfQueues", 30*time.Minute),
			About: about + "The relay's store with so many queues, in which nothing waits but what is measured.",
		},
	}
}
