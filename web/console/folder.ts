// Reads folders that a person drops or chooses.

/** One file of a folder, its path relative to it. */
export interface FolderFile {
  readonly path: string;
  readonly file: File;
}

/** A folder to publish. */
export interface Folder {
  readonly name: string;
  readonly files: readonly FolderFile[];
  readonly bytes: number;
}

/** What a folder manager leaves behind and nobody means to publish. */
const litter = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/** Makes a folder of files that were chosen; their paths begin with the folder's name. */
export function folderFromFiles(chosen: Iterable<File>): Folder {
  const files: FolderFile[] = [];
  let name = "";
  for (const file of chosen) {
    const whole = file.webkitRelativePath || file.name;
    const slash = whole.indexOf("/");
    name ||= slash < 0 ? "" : whole.slice(0, slash);
    files.push({ path: slash < 0 ? whole : whole.slice(slash + 1), file });
  }
  return makeFolder(name, files);
}

/** Makes a folder of what was dropped: one folder, or several things side by side. */
export async function folderFromEntries(entries: readonly FileSystemEntry[]): Promise<Folder> {
  const files: FolderFile[] = [];
  const [only] = entries;
  if (entries.length === 1 && only && isDirectory(only)) {
    await walk(only, "", files);
    return makeFolder(only.name, files);
  }
  for (const entry of entries) {
    await add(entry, "", files);
  }
  return makeFolder("", files);
}

/**
 * The entries of a drop. They must be taken before the drop event's handler
 * returns: the browser empties the list afterwards.
 */
export function entriesOf(items: DataTransferItemList): FileSystemEntry[] {
  const out: FileSystemEntry[] = [];
  for (const item of items) {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    if (entry) {
      out.push(entry);
    }
  }
  return out;
}

/** A folder as it is sent or kept: its name stays a part of every path. */
export function named(folder: Folder): Folder {
  if (folder.name === "") {
    return folder;
  }
  return { ...folder, files: folder.files.map((f) => ({ ...f, path: `${folder.name}/${f.path}` })) };
}

function makeFolder(name: string, found: readonly FolderFile[]): Folder {
  const files = found
    .filter((f) => !litter.has(f.path.slice(f.path.lastIndexOf("/") + 1)))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { name, files, bytes: files.reduce((n, f) => n + f.file.size, 0) };
}

async function add(entry: FileSystemEntry, prefix: string, out: FolderFile[]): Promise<void> {
  if (isDirectory(entry)) {
    await walk(entry, `${prefix}${entry.name}/`, out);
  } else if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    out.push({ path: prefix + entry.name, file });
  }
}

async function walk(dir: FileSystemDirectoryEntry, prefix: string, out: FolderFile[]): Promise<void> {
  const reader = dir.createReader();
  for (;;) {
    // A reader hands out some entries at a time (Chromium: 100), then none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      return;
    }
    for (const entry of some) {
      await add(entry, prefix, out);
    }
  }
}

function isDirectory(e: FileSystemEntry): e is FileSystemDirectoryEntry {
  return e.isDirectory;
}

function isFile(e: FileSystemEntry): e is FileSystemFileEntry {
  return e.isFile;
}
