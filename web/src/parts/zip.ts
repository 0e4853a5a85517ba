/** A zip archive of stored (uncompressed) files: enough to send a dropped folder in one piece. */

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export function crc32(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of data) c = TABLE[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers in a row: [width in bytes, value]. */
function numbers(parts: [width: number, value: number][]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [width, value] of parts) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return out;
}

const UTF8_NAMES = 0x0800;

/** Packs files into a zip. Sizes below 4 GB only: the server refuses more anyway. */
export function zip(files: { name: string; data: Uint8Array }[]): Blob {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of files) {
    const named = new TextEncoder().encode(name);
    const common: [number, number][] = [
      [2, 20],
      [2, UTF8_NAMES],
      [2, 0],
      [4, 0],
      [4, crc32(data)],
      [4, data.length],
      [4, data.length],
      [2, named.length],
      [2, 0],
    ];
    const local = [numbers([[4, 0x04034b50], ...common]), named, data];
    directory.push(numbers([[4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), named);
    body.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = numbers([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, files.length],
    [2, files.length],
    [4, size],
    [4, offset],
    [2, 0],
  ]);
  return new Blob([...body, ...directory, end] as BlobPart[], { type: "application/zip" });
}
