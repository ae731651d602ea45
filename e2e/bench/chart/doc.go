// Package chart draws bars and curves as SVG, small and the same on every run:
// readable on light and dark pages, with a title, a description and every value as
// text.
package chart
