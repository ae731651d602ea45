// Package upgrade holds today's kith against homes that older ones left. The
// homes are in testdata, with the script that made them (make.sh): sites.tar.gz
// comes from a kith that knew sites alone, friends.tar.gz from the first that
// knew friends and documents. They are never made again, for then they would
// no longer be old; one is added when the shape of a home changes.
package upgrade
