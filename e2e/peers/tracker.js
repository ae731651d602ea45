// A WebSocket tracker on loopback. Prints {"url":"ws://…"} when it listens.
const { Server } = require('bittorrent-tracker')

const server = new Server({ udp: false, http: true, ws: true, stats: false })
server.on('error', (err) => console.error(err))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `ws://127.0.0.1:${server.http.address().port}` }))
})
