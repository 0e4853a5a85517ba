/** Words in the reader's language, switchable in place: keys in the code, words in `words/*.po`. */

import { effect, signal } from "@preact/signals";
import type { Catalogue } from "../../tools/po";
import en from "../../words/en.po";

export const LANGUAGES = {
  zh: "中文",
  en: "English",
  es: "Español",
  de: "Deutsch",
  it: "Italiano",
  ja: "日本語",
} as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<{ default: Catalogue }>> = {
  en: () => Promise.resolve({ default: en }),
  zh: () => import("../../words/zh.po"),
  es: () => import("../../words/es.po"),
  de: () => import("../../words/de.po"),
  it: () => import("../../words/it.po"),
  ja: () => import("../../words/ja.po"),
};

const REMEMBERED = "openhifu.language";

export const language = signal<Language>("en");
const catalogue = signal<Catalogue>(en);

export function isLanguage(name: string): name is Language {
  return name in LANGUAGES;
}

/** Switches every word on the page; the choice is remembered in this browser. */
export async function speak(chosen: Language): Promise<void> {
  catalogue.value = (await LOADERS[chosen]()).default;
  language.value = chosen;
  localStorage.setItem(REMEMBERED, chosen);
}

/** The language remembered, else the browser's first that there is, else English. */
export function preferredLanguage(): Language {
  const wishes = [localStorage.getItem(REMEMBERED) ?? "", ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wishes.find(isLanguage) ?? "en";
}

/** The words of a key, with `{name}` replaced by the values given. A key without words shows as itself. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const words = catalogue.value[key] ?? en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The words of a key, or `fallback` (what the server wrote) where the catalogue has none. */
export function known(key: string, fallback: string): string {
  return catalogue.value[key] ?? fallback;
}

effect(() => {
  if (typeof document !== "undefined") document.documentElement.lang = language.value;
});
