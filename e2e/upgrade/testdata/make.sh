#!/usr/bin/env bash
# Makes a home as an older kith left it, for the test beside it.
#
#   unshare --mount --net ./make.sh KITH OUT.tar.gz
#
# KITH is the older program. Everything happens below /srv, which is a folder of
# this script's own there, so that the homes name no path of anybody's machine.
# Alice publishes a folder, keeps two sites of Bob's, and, where the program
# knows friends, is Bob's, by a relay, and each has documents.
set -euo pipefail
kith=$(realpath "$1") out=$(realpath "$2")
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; umount -l /srv; rm -rf "$work"' EXIT
mount --bind "$work" /srv
ip link set lo up
cd /srv
alice=5484 bob=5494

mkdir site kept taken alice bob relay
echo '<!doctype html><title>Old</title><p>Published by an older Kith.' >site/index.html
seq 1 6000 >site/numbers.txt
echo '<!doctype html><title>Kept</title><p>Pinned by an older Kith.' >kept/index.html
seq 1 9000 >kept/numbers.txt
echo '<!doctype html><title>Taken</title><p>Imported by an older Kith.' >taken/index.html
find site kept taken -exec touch -d '2026-01-01 00:00:00Z' {} +

friends=$("$kith" help | grep -c '^  friend ' || true)
for name in alice bob; do
  cat >$name/config.toml <<TOML
[bittorrent]
listen = "127.0.0.1:0"
trackers = []
dht = false
dht_bootstrap = []
webrtc = false
reach = false
allow_local = true
[ipfs]
listen = ["127.0.0.1:0"]
bootstrap = []
dht = "off"
reach = false
routers = []
gateways = []
[dns]
server = "off"
well_known = false
TOML
  [ "$friends" = 0 ] || cat >>$name/config.toml <<TOML
[webrtc]
stun = []
[webtransport]
listen = "127.0.0.1:0"
[nearby]
enabled = false
[friends]
listen = "127.0.0.1:0"
keyring = false
name = "$name"
[mailbox]
relays = ["ws://127.0.0.1:5487"]
TOML
done

ready() { # waits until a file says that what writes to it is ready
  for _ in $(seq 300); do grep -q 'msg=ready' "$1" && return; sleep 0.1; done
  cat "$1" >&2; exit 1
}
if [ "$friends" != 0 ]; then
  "$kith" relay --home relay --listen 127.0.0.1:5487 >relay.log 2>&1 &
  relay=$!
  ready relay.log
fi
"$kith" up --home alice --listen 127.0.0.1:$alice >alice.log 2>&1 &
a=$!
"$kith" up --home bob --listen 127.0.0.1:$bob >bob.log 2>&1 &
b=$!
ready alice.log; ready bob.log
as() { local who=$1; shift; "$kith" "$@" --home /srv/$who; }
value() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v=v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }

as alice publish site --name old.example --json >published.json
as bob publish kept --json >kept.json
as bob publish taken --json >taken.json
torrent=$(as bob status --json | value engines.bittorrent.listen.0)
as alice pin --wait "$(value magnet <kept.json)&x.pe=${torrent##*/}"
curl -sSf -o taken.car -H 'Accept: application/vnd.ipld.car' "http://127.0.0.1:$bob/ipfs/$(value ipfs <taken.json | cut -d/ -f3)?format=car"
as alice import taken.car
as alice pin "$(value ipfs <taken.json)"

if [ "$friends" != 0 ]; then
  as alice friend accept "$(as bob friend invite --name alice --json | value link)" --name bob
  for _ in $(seq 300); do
    as alice friend | grep -q invited || ! as bob friend | grep -q invited && break
    sleep 0.1
  done
  seq 1 2000 >poem.txt
  as alice data put notes/own poem.txt
  echo '{"for":"bob"}' >shared.json
  as alice data put notes/shared shared.json --for bob
  echo 'from bob' >bobs.txt
  as bob data put notes/bobs bobs.txt --for alice
  as alice friend get bob/notes/bobs -o got.txt --wait 30s
  as alice friend --json >friends.json
  cmp bobs.txt got.txt
fi
as alice sites
kill $a $b ${relay:-}
wait $a $b ${relay:-} || true
rm -f */kith.log
keep="alice site published.json kept.json taken.json"
[ "$friends" = 0 ] || keep="$keep friends.json"
tar --sort=name --owner=0 --group=0 --numeric-owner -c $keep | gzip -9n >"$out"
ls -l "$out"; du -a --apparent-size alice | sort -n | tail -30
