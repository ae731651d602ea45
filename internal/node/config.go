package node

import "time"

// Config is the configuration of a node, as config.toml spells it. The doc tag
// of a key is what 'kith config reference' prints above it.
type Config struct {
	Gateway      GatewayConfig      `toml:"gateway" doc:"The door for browsers on this computer."`
	BitTorrent   BitTorrentConfig   `toml:"bittorrent" doc:"The BitTorrent network."`
	IPFS         IPFSConfig         `toml:"ipfs" doc:"The IPFS network."`
	DNS          DNSConfig          `toml:"dns" doc:"How names such as example.org are looked up."`
	WebRTC       WebRTCConfig       `toml:"webrtc" doc:"Connections with peers that live in browsers."`
	WebTransport WebTransportConfig `toml:"webtransport" doc:"A faster way for browsers to take from this node."`
	Cache        CacheConfig        `toml:"cache" doc:"What is kept of the sites you visit, and for how long others get it from you."`
	Publish      PublishConfig      `toml:"publish" doc:"Limits on what is published."`
	Nearby       NearbyConfig       `toml:"nearby" doc:"Devices on the same network: files, pages and folders between them."`
	Friends      FriendsConfig      `toml:"friends" doc:"Friends, your own devices, and the documents you keep and share with them."`
	Mailbox      MailboxConfig      `toml:"mailbox" doc:"Where messages wait for you while no device of yours is there."`
	Relay        RelayConfig        `toml:"relay" doc:"What 'kith relay' does for others."`
	Host         HostConfig         `toml:"host" doc:"What 'kith host' serves to the public, and how."`
	Log          LogConfig          `toml:"log" doc:"What the node writes to its standard error."`
}

// GatewayConfig is the table [gateway].
type GatewayConfig struct {
	Listen  string   `toml:"listen" doc:"Where browsers connect, host:port. Anything but loopback lets other computers in. Port 0 takes a free one."`
	Hosts   List     `toml:"hosts" doc:"Public names of this node, where it is an IPFS gateway for the web. Empty: none, it is yours alone."`
	Timeout Duration `toml:"timeout" doc:"How long a script waits for peers before it is answered 504. Browsers see a page with the progress at once."`
	Stall   Duration `toml:"stall" doc:"How long an answer that has begun waits for its next bytes before it is cut off."`
}

// BitTorrentConfig is the table [bittorrent].
type BitTorrentConfig struct {
	Enabled      bool   `toml:"enabled" doc:"Whether to take part at all."`
	Listen       string `toml:"listen" doc:"Where peers connect over TCP and uTP, host:port. When the port is taken, another is used."`
	Trackers     List   `toml:"trackers" doc:"Trackers to announce to besides those an address names: udp://, http(s)://, ws(s)://."`
	DHT          bool   `toml:"dht" doc:"Find peers in the distributed hash table."`
	DHTBootstrap List   `toml:"dht_bootstrap" doc:"Nodes to enter the table by, host:port."`
	WebRTC       bool   `toml:"webrtc" doc:"Exchange with peers in browsers, by way of ws(s):// trackers."`
	Reach        bool   `toml:"reach" doc:"Ask the router for an open port (UPnP), so that peers can connect."`
	AllowLocal   bool   `toml:"allow_local" doc:"Let trackers and web seeds that an address brings along be on loopback and private addresses."`
	MaxPeers     int    `toml:"max_peers" doc:"Most peers of one site."`
	UploadRate   Size   `toml:"upload_rate" doc:"Most bytes a second sent to peers; 0 for no limit."`
	DownloadRate Size   `toml:"download_rate" doc:"Most bytes a second taken from peers; 0 for no limit."`
	MaxFiles     int    `toml:"max_files" doc:"A torrent with more files than this is refused."`
	MaxSize      Size   `toml:"max_size" doc:"A torrent of more bytes than this is refused."`
}

// IPFSConfig is the table [ipfs].
type IPFSConfig struct {
	Enabled   bool    `toml:"enabled" doc:"Whether to take part at all."`
	Listen    List    `toml:"listen" doc:"Where peers connect, host:port (TCP and QUIC) or multiaddrs. When a port is taken, another is used."`
	Bootstrap List    `toml:"bootstrap" doc:"Peers to enter the network by, as multiaddrs ending in /p2p/<peer id>."`
	Peers     List    `toml:"peers" doc:"Peers to stay connected to, as multiaddrs ending in /p2p/<peer id>."`
	DHT       DHTMode `toml:"dht" doc:"Use of the distributed hash table: auto (serve it too when peers can reach this node), server (serve it at once) or off."`
	Reach     bool    `toml:"reach" doc:"Ask the router for an open port, relays for a way in, and peers whether they can reach this node."`
	Routers   List    `toml:"routers" doc:"Delegated routing servers (HTTP) to ask who has something."`
	Gateways  List    `toml:"gateways" doc:"Trustless gateways (HTTP) to fetch blocks from besides peers. What they send is verified."`
	MaxFiles  int     `toml:"max_files" doc:"A folder with more entries than this is refused."`
}

// DNSConfig is the table [dns].
type DNSConfig struct {
	DoH          string `toml:"doh" doc:"A DNS-over-HTTPS server (RFC 8484), such as https://dns.example/dns-query. Empty: none."`
	Server       string `toml:"server" doc:"A DNS server, host:port. With this and doh empty, the system's own. The word off: no look-ups in DNS."`
	WellKnown    bool   `toml:"well_known" doc:"Ask https://<name>/.well-known/wtp when DNS knows no site under a name."`
	AllowPrivate bool   `toml:"allow_private" doc:"Let that question go to private and loopback addresses too."`
}

// WebRTCConfig is the table [webrtc].
type WebRTCConfig struct {
	STUN List `toml:"stun" doc:"STUN servers that tell this node its public address, stun:host:port."`
}

// CacheConfig is the table [cache].
type CacheConfig struct {
	Size    Size     `toml:"size" doc:"Most disk space for sites that are not pinned. Those used longest ago go first."`
	SeedFor Duration `toml:"seed_for" doc:"How long a visited site is served to others after its last use. Pinned and published ones always are."`
}

// PublishConfig is the table [publish].
type PublishConfig struct {
	MaxFiles  int  `toml:"max_files" doc:"A folder with more files than this is not published."`
	MaxSize   Size `toml:"max_size" doc:"A folder of more bytes than this is not published."`
	MaxUpload Size `toml:"max_upload" doc:"Most bytes of a folder that is dragged into the console."`
}

// LogConfig is the table [log].
type LogConfig struct {
	Level  string `toml:"level" doc:"What to write: debug, info, warn or error."`
	Format string `toml:"format" doc:"How to write it: text or json."`
}

// Default is the configuration of a home without a config.toml.
func Default() Config {
	return Config{
		Gateway: GatewayConfig{Listen: "127.0.0.1:5484", Timeout: Duration(60 * time.Second), Stall: Duration(2 * time.Minute)},
		BitTorrent: BitTorrentConfig{
			Enabled: true,
			Listen:  ":42069",
			Trackers: List{
				"udp://tracker.opentrackr.org:1337/announce",
				"udp://open.stealth.si:80/announce",
				"wss://tracker.openwebtorrent.com",
				"wss://tracker.webtorrent.dev",
			},
			DHT: true,
			DHTBootstrap: List{
				"router.bittorrent.com:6881", "dht.transmissionbt.com:6881",
				"router.utorrent.com:6881", "dht.libtorrent.org:25401",
			},
			WebRTC:   true,
			Reach:    true,
			MaxPeers: 50,
			MaxFiles: 200_000,
			MaxSize:  1 << 40,
		},
		IPFS: IPFSConfig{
			Enabled: true,
			Listen:  List{":42070"},
			Bootstrap: List{
				"/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
				"/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
				"/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb",
				"/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
			},
			DHT:      DHTAuto,
			Reach:    true,
			Routers:  List{"https://delegated-ipfs.dev"},
			Gateways: List{"https://trustless-gateway.link"},
			MaxFiles: 200_000,
		},
		DNS:          DNSConfig{WellKnown: true},
		WebRTC:       WebRTCConfig{STUN: List{"stun:stun.l.google.com:19302", "stun:stun.cloudflare.com:3478"}},
		WebTransport: defaultWebTransport(),
		Cache:        CacheConfig{Size: 10 << 30, SeedFor: Duration(30 * time.Minute)},
		Publish:      PublishConfig{MaxFiles: 200_000, MaxSize: 1 << 40, MaxUpload: 2 << 30},
		Nearby:       defaultNearby(),
		Friends:      defaultFriends(),
		Relay:        defaultRelay(),
		Host:         defaultHost(),
		Log:          LogConfig{Level: "info", Format: "text"},
	}
}
