// webtorrent as one peer of a swarm, told what to do by the command line:
//
//   webtorrent.js seed <folder or file> [tracker…]        seeds it
//   webtorrent.js get <magnet or .torrent> <folder>       downloads it
//   webtorrent.js serve <magnet or .torrent> <folder>     the same, streamed by its HTTP server
//
// WEBTORRENT_TCP=1 leaves WebRTC out, WEBTORRENT_PEER=host:port names a peer. Prints one
// line of JSON an event: {"seeding", "peer"}, {"serving"}, {"done", "wires", "seconds"}.
const WebTorrent = require('webtorrent')

const tcp = process.env.WEBTORRENT_TCP === '1'
const client = new WebTorrent({
  dht: false, lsd: false, utp: false, natUpnp: false, natPmp: false, torrentPort: 0,
  tracker: tcp ? true : { wrtc: require('@roamhq/wrtc') },
})
const say = (event) => console.log(JSON.stringify(event))
client.on('error', (err) => { console.error(err); process.exit(1) })

const [verb, what, ...rest] = process.argv.slice(2)

const whenListening = (then) => client.listening ? then() : client.once('listening', then)

if (verb === 'seed') {
  client.seed(what, { announceList: rest.map((url) => [url]) }, (torrent) => {
    whenListening(() => say({ seeding: torrent.magnetURI, peer: `127.0.0.1:${client.torrentPort}` }))
  })
} else {
  const begin = performance.now()
  const torrent = client.add(what, { path: rest[0] })
  const peer = process.env.WEBTORRENT_PEER
  if (peer) torrent.on('infoHash', () => torrent.addPeer(peer))
  torrent.on('warning', (err) => console.error(err))
  torrent.on('done', () => say({ done: torrent.infoHash, wires: torrent.wires.map((w) => w.type), seconds: (performance.now() - begin) / 1000 }))
  if (verb === 'serve') {
    torrent.on('ready', () => {
      const server = torrent.createServer()
      server.listen(0, '127.0.0.1', () => say({ serving: `http://127.0.0.1:${server.address().port}` }))
    })
  }
}
