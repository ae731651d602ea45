// Package metafile reads what a torrent says of itself: the info dictionary and
// the .torrent file around it (BEP 3), pad files and symbolic links (BEP 47),
// v2 and hybrid torrents (BEP 52). It also writes them.
//
// Everything it reads is hostile until checked. A Meta that came out of it has
// paths that are valid in io/fs, do not climb and do not collide, sizes that add
// up, and no more of anything than Limits allows; anything else is an error of
// kind fault.Corrupt or fault.TooLarge that says what was wrong. The package is
// pure.
package metafile
