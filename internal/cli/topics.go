package cli

import (
	"github.com/spf13/cobra"
)

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "addresses", Short: "What the address of a site looks like", Long: addressesText},
		{Use: "names", Short: "How a name leads to a site, and how to get one", Long: namesText},
		{Use: "keeping", Short: "What is kept of the sites you read, and who gets it", Long: keepingText},
		{Use: "privacy", Short: "Who sees what you read and publish", Long: privacyText},
		{Use: "exit-codes", Short: "The exit codes of the commands", Long: exitCodesText},
	}
}

const addressesText = `Sites have addresses of two kinds. An immutable one names exact bytes: it
never changes, and what comes from strangers is checked against it. A name
leads to whatever its owner published last; 'kith help names' tells about
those.

  wtp://<infohash>/page.html       a torrent, by its infohash: 40 hex digits
                                   or 32 base32 characters (v1), 64 hex digits
                                   (v2)
  magnet:?xt=urn:btih:<infohash>   the same, with hints about trackers and peers
  holiday.torrent                  a .torrent file, or the URL of one
  ipfs://<cid>/page.html           a folder or file of IPFS, by its CID
  /ipfs/<cid>/page.html            the same; so are dweb:/ipfs/<cid> and a bare
                                   CID

  example.org                      a domain that says where its site is
  wtp://example.org/               the same, preferring BitTorrent
  ipns://example.org/              the same, preferring IPFS
  ipns://<key>/                    a name of IPFS, under a key
  wtp://<key>/                     a name of BitTorrent (BEP 46), under a key
  magnet:?xs=urn:btpk:<key>        the same

In your browser each site has an origin of its own, so that no site reads the
cookies or files of another:

  http://<label>.localhost:5484/page.html

Shells give ?, & and * a meaning: put addresses that hold them in quotes.`

const namesText = `A name stays the same while the site behind it changes. There are two sorts.

A key. 'kith publish my-site --name blog' makes one and prints two addresses,
one for IPFS (IPNS) and one for BitTorrent (BEP 46). Publish again, and both
lead to the new version. Nobody can take the name from you; the secret is in
this node's home, so keep a copy of that.

A domain. Whoever owns example.org can say where its site is, in DNS:

  _dnslink.example.org  TXT  "dnslink=/ipns/<key>"
  example.org           TXT  "wtpkey=<key>"

'kith publish' prints the records to paste. One of the two is enough. Where
DNS has neither, https://example.org/.well-known/wtp is asked.

Answers are kept for as long as they say. When nobody answers within two
seconds, the last good answer is used while the look-up goes on.
'kith resolve example.org' shows what a name points at.`

const keepingText = `A site you visit is stored on this computer and passed on to others for 30
minutes after its last use (cache.seed_for). Opened again, it comes from disk,
without any network. When all such sites take more than 10 GiB (cache.size),
those that were used longest ago are removed.

  kith pin <address>       keep a site for good: fetch all, always pass it on
  kith unpin <address>     let go of it
  kith remove <address>    delete it now
  kith sites               what is here, and until when it is served

A folder you publish is never copied. It is served from where it is until you
'kith remove' it; the folder itself is not touched.`

const privacyText = `Peer-to-peer means that peers see one another. Those who serve a site to you,
and those who get it from you, see your network address and which site it is.
So may trackers, nodes of the distributed hash tables, and the gateways in the
configuration. What you publish, everybody who knows its address can read.

On this computer only you get in: the console and the commands use a token
that no other user and no web page can read, and every site has an origin of
its own. An app opened with --app can talk to no server; 'kith help app' tells
more.

Every outside service can be replaced or switched off: 'kith config
reference'.`

const exitCodesText = `  0    done                          14   a port or home is in use
  1    something went wrong          15   over a limit
  2    wrong usage or address        16   too many requests
  3    partly done                   17   no peer or server answered in time
  10   not found                     18   the data does not match the address
  11   refused                       19   no space left
  12   the token is wrong            20   not supported
  13   not possible now              21   no node is running
                                     130  stopped by Ctrl-C`
