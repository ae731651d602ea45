// Docsite makes a static website of the documents: those that docs/README.md lists,
// in its order and under its headings, with the README as the front page.
//
//	go run -C tools ./docsite                  write docs/site
//	go run -C tools ./docsite -check           report dead links and pages that are not listed
//	go run -C tools ./docsite -repository URL  let links to sources lead to URL/path
//
// What it writes depends on nothing but the documents and this tool. Every address in
// it is relative, so that it can be published with Kith, served below any path, or be
// put beside something else; nothing is fetched from elsewhere. Pages can be read
// without JavaScript, which adds the search and the buttons that copy.
//
// A link to something in the repository that is no page of the site becomes the name of
// it, unless -repository says where sources can be seen. A picture x.png with an
// x-dark.png beside it is shown as the reader prefers.
package main
