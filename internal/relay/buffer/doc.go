// Package buffer reads messages into memory that is used again.
package buffer
