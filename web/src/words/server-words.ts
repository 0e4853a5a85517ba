/**
 * What the server says in closed sets of sentences, in the reader's language.
 *
 * The words `said.*` of the English catalogue are the server's own sentences, with `{names}` where it puts values; a
 * sentence that fits one is shown by the reader's. Everything else the server says stays as it is, marked as English.
 */

import type { Catalogue } from "../../tools/po";

export interface Fit {
  name: string;
  values: Record<string, string>;
}

interface Template {
  name: string;
  fits: RegExp;
  names: string[];
}

const SAID = "said.";
const SPECIAL = /[.*+?^$()|[\]\\/-]/g;

/** A pattern for the sentences that a template of words makes. */
function templateOf(name: string, words: string): Template {
  const names: string[] = [];
  const pattern = words.replace(SPECIAL, "\\$&").replace(/\{(\w+)\}/g, (_whole, value: string) => {
    names.push(value);
    return "([^]+?)";
  });
  return { name, fits: new RegExp(`^${pattern}$`), names };
}

/** Every template of a catalogue; those with more words of their own first: a general one takes what is left. */
export function templates(english: Catalogue): Template[] {
  const own = (template: string): number => template.replace(/\{\w+\}/g, "").length;
  return Object.entries(english)
    .filter(([key]) => key.startsWith(SAID))
    .sort(([, a], [, b]) => own(b) - own(a))
    .map(([key, words]) => templateOf(key.slice(SAID.length), words));
}

/** Which template a sentence fits, and with which values; null for none. */
export function fitting(known: Template[], sentence: string): Fit | null {
  for (const { name, fits, names } of known) {
    const found = fits.exec(sentence);
    if (found) return { name, values: Object.fromEntries(names.map((value, at) => [value, found[at + 1]!])) };
  }
  return null;
}
