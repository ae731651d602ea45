// Package inject changes HTML pages on their way to a visitor's browser, as
// they stream by: it puts the loader's script into the head, and, where asked,
// defers pictures and media of a first visit, so that they come from peers
// once the runtime is there and not from the host.
//
// What it does not change stays as it was, byte by byte. It scans as a browser's
// tokenizer does (HTML §13.2.5), with scripting on, so it knows a tag from text in
// a script, a comment or an attribute. Where a page is not what it seems, it
// stops changing and lets the rest through. It holds at most one tag, or one
// short element, in memory.
//
// # What a deferred page looks like
//
//	<img src="a.png" srcset="a.png, b.png 2x" alt="A">
//	<video poster="v.jpg"><source src="v.webm"></video>
//
// becomes
//
//	<img data-kith-src="a.png" data-kith-srcset="a.png, b.png 2x" alt="A"><noscript data-kith><img src=…></noscript>
//	<video data-kith-poster="v.jpg"><source data-kith-src="v.webm"></video><noscript data-kith><video …></video></noscript>
//
// The loader gives every data-kith-src, data-kith-srcset and data-kith-poster its
// name back, sources before the img of a picture, calls load() on audio and video
// whose sources it changed, and removes noscript[data-kith]. Only URLs that are
// relative are deferred. The first picture of a page is not, nor what has
// fetchpriority="high": a page paints with them.
package inject
