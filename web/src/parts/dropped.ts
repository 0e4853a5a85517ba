/** What was dropped: one file as it is, a folder as a zip. */

import { zip } from "./zip";

async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function filesIn(entry: FileSystemEntry): Promise<{ name: string; data: Uint8Array }[]> {
  if (entry.isDirectory) {
    const inner = await Promise.all((await entriesIn(entry as FileSystemDirectoryEntry)).map(filesIn));
    return inner.flat();
  }
  const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
  return [{ name: entry.fullPath.replace(/^\//, ""), data: new Uint8Array(await file.arrayBuffer()) }];
}

/** One file to send out of what was dropped. */
export async function filesOf(transfer: DataTransfer): Promise<{ file: Blob; name: string }> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const only = transfer.files[0];
  if (entries.length === 1 && entries[0]!.isFile && only) return { file: only, name: only.name };
  const files = (await Promise.all(entries.map(filesIn))).flat();
  return { file: zip(files), name: "dropped.zip" };
}
