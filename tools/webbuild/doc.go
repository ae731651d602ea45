// Webbuild makes web/dist of the sources in web/console, web/shell and
// web/runtime, with esbuild as a library: one script and one style sheet for each
// page, the HTML and the icons beside them, the visitors' runtime in dist/visit,
// the browser peer with its SDK in dist/peer, and the licences of what was bundled.
// The apps in examples have a dist folder each.
//
//	go run -C tools ./webbuild          write web/dist
//	go run -C tools ./webbuild -check   fail when web/dist is not what the sources make
//	go run -C tools ./webbuild -sdk d   write the files of the npm package @kith/sdk to d
//
// The output depends on nothing but the sources and the packages that
// web/package-lock.json pins, so that web/dist can be committed and compared
// byte for byte. Types are not checked here: npm run check in web does that.
package main
