package report

import "time"

// Group is what ./bench runs as a whole: figures that belong together.
type Group struct {
	// Name is what ./bench calls it, Heading the page.
	Name, Heading string
	// About tells the reader how these figures come to be.
	About string
	// Takes is how long it takes on two cores.
	Takes time.Duration
	// Needs are peers and other things without which less, or nothing, is measured.
	Needs []Need
	// Steps are run one after the other.
	Steps []Step
}

// Step is one run of 'go test'.
type Step struct {
	// Package is its path from the repository's root.
	Package string
	// Test or Bench chooses what runs.
	Test, Bench string
	// Times is for Bench: how often, "200x".
	Times string
	// Env is added to the environment.
	Env []string
	// Within bounds it.
	Within time.Duration
}

// Need is something that a group wants to find.
type Need string

// What groups need.
const (
	Kubo         Need = "kubo"
	Torrents     Need = "torrents"           // libtorrent, aria2, rtorrent, mktorrent
	NodePeers    Need = "npm"                // e2e/peers
	SyncPeers    Need = "pouchdb, rxdb, yjs" // e2e/apps/sync/peers
	Browsers     Need = "browsers"           // e2e's modules and Chromium
	WebModules   Need = "web"                // web's modules
	Opentracker  Need = "opentracker"
	Chihaya      Need = "chihaya"
	Croc         Need = "croc"
	Wormhole     Need = "wormhole-william"
	Syncthing    Need = "syncthing"
	Root         Need = "root"
	ManyHandles  Need = "many open files"
	gatewayAbout      = "Published once, read through a node's HTTP gateway by six connections at once, as a browser reads. *Hot* is the second reading of what is on disk, in the page cache."
)

// whole is a step of e2e/bench.
func whole(name string, within time.Duration) []Step {
	return []Step{{Package: "e2e/bench", Test: "^TestBenchmarks$/^" + name + "$", Env: []string{"KITH_BENCH=" + name}, Within: within}}
}

// Groups are all, in the order of the page.
func Groups() []Group {
	var all []Group
	all = append(all, sites()...)
	all = append(all, visitors()...)
	all = append(all, nearby()...)
	all = append(all, people()...)
	return append(all, growth()...)
}

// sites are about publishing and reading.
func sites() []Group {
	const torrents = "*Cold* is an empty home and one peer who has everything, all on loopback. Time runs from handing over the .torrent file until the last byte arrived: for Kith and webtorrent's server at an HTTP client, for the others on disk. Kith's node is running, as libtorrent's and webtorrent's process is; aria2c and rtorrent start in that time. All load from the same libtorrent seeder, over TCP."
	return []Group{
		{
			Name: "hot", Heading: "The gateway", About: gatewayAbout, Takes: time.Minute, Needs: []Need{Kubo}, Steps: whole("hot", 20*time.Minute),
		},
		{
			Name: "torrent", Heading: "BitTorrent", About: torrents, Takes: 2 * time.Minute, Needs: []Need{Torrents, NodePeers}, Steps: whole("torrent", 30*time.Minute),
		},
		{
			Name: "seek", Heading: "Seeking", About: "A player that jumps into the middle of a film nothing is known of.", Takes: time.Minute,
			Needs: []Need{Torrents, NodePeers}, Steps: whole("seek", 20*time.Minute),
		},
		{
			Name: "ipfs", Heading: "IPFS", About: "From one peer of the same kind, on loopback. Kubo runs with its test profile, which does not sync.", Takes: 2 * time.Minute,
			Needs: []Need{Kubo}, Steps: whole("ipfs", 30*time.Minute),
		},
		{
			Name: "publish", Heading: "Publishing", Takes: 90 * time.Second, Needs: []Need{Kubo, Torrents}, Steps: whole("publish", 30*time.Minute),
			About: "The command's own time, from a folder in the page cache. Kith publishes to both networks at once; the time of the others is that of `ipfs add` followed by `mktorrent`.",
		},
		{
			Name: "ready", Heading: "Starting", About: "From starting the program until it serves, with a home that exists.", Takes: 30 * time.Second, Needs: []Need{Kubo},
			Steps: whole("ready", 10*time.Minute),
		},
		{
			Name: "stream", Heading: "Memory", About: "How much more memory a node takes while a large file passes through it.", Takes: 4 * time.Minute, Steps: whole("stream", 40*time.Minute),
		},
		{
			Name: "idle", Heading: "Idle", About: "A node with both engines on and no site open, from 10 to 30 seconds after its start.", Takes: 3 * time.Minute,
			Needs: []Need{Kubo}, Steps: whole("idle", 20*time.Minute),
		},
	}
}

// visitors are about browsers with nothing installed, and trackers.
func visitors() []Group {
	measure := func(which string) []Step {
		return []Step{{Package: "e2e/visit", Test: "^TestMeasure$", Env: []string{"KITH_MEASURE=1", "KITH_PLAYWRIGHT_ARGS=" + which}, Within: 30 * time.Minute}}
	}
	return []Group{
		{
			Name: "offload", Heading: "Visitors relieve the host", Takes: 4 * time.Minute, Needs: []Need{Browsers, NodePeers}, Steps: measure("offload"),
			About: "Visitors arrive one a second at a site of 50 files and 5 MiB and stay for 30 s. Five are Chromium pages; the others the runtime's own code over libwebrtc. Counted is everything that the host sent over HTTP.",
		},
		{
			Name: "speed", Heading: "Visits beside a plain server", Takes: 5 * time.Minute, Needs: []Need{Browsers}, Steps: measure("speed"),
			About: "A site of 50 files and 1.8 MB in Chromium, beside the same host without the runtime, in turns.",
		},
		{
			Name: "weight", Heading: "What browsers load", Takes: 30 * time.Second, Steps: []Step{{Package: "e2e/bench", Test: "^TestWeight$", Within: 5 * time.Minute}},
			About: "Octets after brotli at its best, as a web server sends them.",
		},
		{
			Name: "swarm", Heading: "Browser to browser", Takes: 4 * time.Minute, Needs: []Need{Browsers},
			Steps: []Step{{Package: "e2e/visit/swarm", Test: "^TestSwarm$", Env: []string{"KITH_BENCH_SWARM=24", "KITH_PLAYWRIGHT_ARGS=bench"}, Within: 15 * time.Minute}},
			About: "24 MB from page to page in Chromium over WebRTC, beside webtorrent; and from a native node by WebTransport, beside WebRTC.",
		},
		{
			Name: "tracker", Heading: "Trackers", Takes: 4 * time.Minute, Needs: []Need{NodePeers, Opentracker, Chihaya, ManyHandles}, Steps: whole("tracker", 30*time.Minute),
			About: "Announces that a tracker answers for each second of its own processor time, which is the same whoever else is at work.",
		},
	}
}

// nearby are devices in one room.
func nearby() []Group {
	figures := func(which string) []Step {
		return []Step{{Package: "e2e/nearby", Test: "^TestFigures$/" + which, Env: []string{"KITH_BENCH_NEARBY=1"}, Within: 40 * time.Minute}}
	}
	needs := []Need{Root, Croc, Wormhole, Syncthing}
	const about = "In network namespaces joined by veth, files in memory on both sides, from the command that starts the transfer until the other side's process has ended."
	return []Group{
		{Name: "nearby", Heading: "Across the room: one large file", About: about, Takes: 4 * time.Minute, Needs: needs, Steps: figures("large")},
		{Name: "nearby-small", Heading: "Across the room: many small files", About: about, Takes: 3 * time.Minute, Needs: needs, Steps: figures("small")},
		{
			Name: "nearby-start", Heading: "Across the room: the first byte", Takes: time.Minute, Needs: []Need{Root, Croc}, Steps: figures("first"),
			About: "From the command until a block is on the other side's disk.",
		},
		{
			Name: "nearby-memory", Heading: "Across the room: memory and groups", Takes: 2 * time.Minute, Needs: []Need{Root}, Steps: figures("(memory|group)"),
			About: "What is resident while bytes move, and one sender with eight receivers.",
		},
		{
			Name: "nearby-page", Heading: "Across the room: page to page", Takes: 2 * time.Minute, Needs: []Need{Root, Browsers},
			Steps: []Step{
				{Package: "e2e/nearby/page", Test: "^TestFigures$", Env: []string{"KITH_BENCH_NEARBY=1"}, Within: 10 * time.Minute},
				{Package: "internal/openscreen", Test: "^TestFigureOfStreams$", Within: 5 * time.Minute},
			},
			About: "Two Chromiums on two nodes by the Local Peer-to-Peer API, and the protocol below it.",
		},
	}
}

// people are friends, their documents and mailboxes.
func people() []Group {
	return []Group{
		{
			Name: "friends", Heading: "Friends", Takes: 2 * time.Minute,
			Steps: []Step{
				{Package: "internal/exchange", Bench: "^(BenchmarkMessage|BenchmarkRequest)", Times: "200x", Within: 10 * time.Minute},
				{Package: "internal/exchange", Bench: "^BenchmarkChangeForManyFriends$", Times: "5x", Within: 10 * time.Minute},
				{Package: "internal/library", Bench: "^(BenchmarkListing|BenchmarkChange)$", Times: "5x", Within: 10 * time.Minute},
				{Package: "internal/library", Test: "^TestTheCostOfTenDifferences$", Within: 5 * time.Minute},
				{Package: "e2e/friends", Test: "^TestWhatASmallMessageCosts$", Within: 5 * time.Minute},
			},
			About: "Messages between two friends' programs and a relay on the same cores, both sides durable; and the library that answers friends.",
		},
		{
			Name: "friends-node", Heading: "A whole node with many friends", Takes: 12 * time.Minute,
			Steps: []Step{{Package: "e2e/friends", Test: "^TestFigures$", Env: []string{"KITH_BENCH_FRIENDS=1"}, Within: 60 * time.Minute}},
			About: "One node with 100,000 documents and 250 friends, each a process's own service with queues on one relay.",
		},
		{
			Name: "mailbox", Heading: "Mailboxes", Takes: 4 * time.Minute, Steps: whole("mailbox", 30*time.Minute),
			About: "2,000 queues over eight sessions each way; at full load 128 messages are on their way at any moment. A message counts when its receiver's acknowledgement is durable; its delay is from handing it to the sender's client until the receiver's has it, which is after it is durable at the relay. Client and relay share the processors.",
		},
		{
			Name: "sealing", Heading: "Sealing in the browser", Takes: time.Minute, Needs: []Need{Browsers, WebModules},
			Steps: []Step{{Package: "e2e/direct", Test: "^TestDirect$", Env: []string{"KITH_BENCH_DIRECT=1", "KITH_PLAYWRIGHT_ARGS=-g figures"}, Within: 10 * time.Minute}},
			About: "The protocol's code alone in a page of Chromium, without workers or storage.",
		},
		{
			Name: "people", Heading: "The browser as a peer", Takes: 9 * time.Minute, Needs: []Need{Browsers},
			Steps: []Step{{Package: "e2e/apps/people", Test: "^TestPeople$", Env: []string{"KITH_MEASURE=1", "KITH_PLAYWRIGHT_ARGS=figures.spec"}, Within: 60 * time.Minute}},
			About: "Headless Chromiums with a profile each, apps on a plain web server, and a relay, all on the same two cores. A message is half of a question to a friend and its answer, by fetch in the app's page on one side, by the service worker, both workers and what is between them.",
		},
		{
			Name: "sync", Heading: "Documents to a fresh browser", Takes: 4 * time.Minute, Needs: []Need{Browsers, SyncPeers},
			Steps: []Step{{Package: "e2e/apps/sync", Test: "^TestSync$", Env: []string{"KITH_MEASURE=1"}, Within: 30 * time.Minute}},
			About: syncAbout,
		},
	}
}

const syncAbout = "10,000 documents of some 300 octets go to a browser that has none, each program from a peer or server of its own kind on the same machine, until all are in the browser's own database. Kith's time begins when the person allows the app, after the codes of both devices were compared. The comparison is not even: Kith seals every message end to end, and its documents come from another browser by a relay which cannot read them; PouchDB, RxDB and Yjs get plain text from a server that keeps everything, over HTTP (CouchDB's protocol), HTTP and WebSocket."
