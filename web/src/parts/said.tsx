/** A sentence of the server's in the reader's language; one that has no words there stays English, and says so. */

import en from "../../words/en.po";
import { sentence } from "../words/numbers";
import { fitting, templates } from "../words/server-words";
import { language, t } from "../words/words";

const KNOWN = templates(en);

/** The words, and whether they are in the reader's language; values that are sentences themselves likewise. */
export function spoken(text: string): { words: string; own: boolean } {
  const fit = fitting(KNOWN, text);
  if (!fit) return { words: text, own: language.value === "en" };
  const values = Object.entries(fit.values).map(([name, value]) => [
    name,
    fitting(KNOWN, value) ? spoken(value).words : value,
  ]);
  return { words: t(`said.${fit.name}`, Object.fromEntries(values)), own: true };
}

/** The same as running text, with a capital and a full stop. */
export function Said({ text }: { text: string }) {
  const { words, own } = spoken(text);
  if (!text) return null;
  return own ? <>{sentence(words)}</> : <span lang="en">{sentence(words)}</span>;
}
