/** Catalogues of words: a reader of PO files, and the plugin that hands them to the page as plain tables. */

import type { Plugin } from "vite";

export type Catalogue = Record<string, string>;

const QUOTED = /"(?:[^"\\]|\\.)*"/;

/** The text between the quotes of one PO line. */
function unquote(line: string): string {
  const quoted = QUOTED.exec(line);
  if (!quoted) throw new Error(`not a PO string: ${line}`);
  return JSON.parse(quoted[0]) as string;
}

/**
 * Reads a PO file of keys (msgid) and words (msgstr). The header (empty key) is left out.
 * Plural forms are keys of their own here (`spots.one`, `spots.other`), so no msgid_plural is read.
 */
export function parsePo(text: string): Catalogue {
  const words: Catalogue = {};
  let key = "";
  let into: "key" | "word" | null = null;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("msgid ")) {
      key = unquote(line);
      into = "key";
    } else if (line.startsWith("msgstr ")) {
      if (key in words) throw new Error(`line ${index + 1}: ${key} stands twice`);
      words[key] = unquote(line);
      into = "word";
    } else if (line.startsWith('"') && into === "key") key += unquote(line);
    else if (line.startsWith('"') && into === "word") words[key] += unquote(line);
    else throw new Error(`line ${index + 1} is not PO: ${line}`);
  }
  delete words[""];
  return words;
}

/** Lets the page import a `.po` file as a table of words. */
export function poFiles(): Plugin {
  return {
    name: "po-files",
    transform(code, id) {
      if (!id.endsWith(".po")) return null;
      return { code: `export default ${JSON.stringify(parsePo(code))};`, map: null };
    },
  };
}
