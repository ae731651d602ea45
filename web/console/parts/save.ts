/** How long a browser may take to begin with a file before its address is given up. */
const stay = 60_000;

/** Saves bytes as a file of the person's, by the last part of a document's path. */
export function save(body: Blob, path: string): void {
  const link = document.createElement("a");
  // Never what a friend calls it: the browser must not take it for a page of ours.
  const url = URL.createObjectURL(new Blob([body], { type: "application/octet-stream" }));
  link.href = url;
  link.download = path.slice(path.lastIndexOf("/") + 1) || "document";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), stay);
}
