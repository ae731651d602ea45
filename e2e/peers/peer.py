"""libtorrent as one peer of a swarm, on loopback:

    peer.py seed <torrent> <folder>             seeds it, prints {"peer": "host:port"}
    peer.py get <torrent> <folder> <host:port>  downloads it, prints {"seconds": …, "version": …}

The time is from adding the torrent until every file is written.
"""

import json
import sys
import time

import libtorrent as lt


def session():
    return lt.session({
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "enable_outgoing_utp": False, "enable_incoming_utp": False,
        "allow_multiple_connections_per_ip": True,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
        | lt.alert.category_t.storage_notification,
    })


def main():
    verb, torrent, folder = sys.argv[1:4]
    s = session()
    begin = time.monotonic()
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    params.flags &= ~lt.torrent_flags.auto_managed
    params.flags &= ~lt.torrent_flags.paused
    if verb == "seed":
        params.flags |= lt.torrent_flags.seed_mode
    handle = s.add_torrent(params)
    if verb == "seed":
        while s.listen_port() == 0 or not handle.status().is_seeding:
            time.sleep(0.01)
        print(json.dumps({"peer": "127.0.0.1:%d" % s.listen_port()}), flush=True)
        while True:
            time.sleep(3600)
    host, port = sys.argv[4].rsplit(":", 1)
    handle.connect_peer((host, int(port)))
    while not handle.status().is_seeding:
        s.wait_for_alert(5)
        s.pop_alerts()
    handle.flush_cache()
    flushed = False
    while not flushed:
        s.wait_for_alert(1000)
        flushed = any(isinstance(a, lt.cache_flushed_alert) for a in s.pop_alerts())
    print(json.dumps({"seconds": time.monotonic() - begin, "version": lt.__version__}), flush=True)


main()
