import { expect, it } from "vitest";
import { parsePo } from "../tools/po";

it("reads keys, words, continued lines and comments, and leaves the header out", () => {
  const text =
    'msgid ""\nmsgstr ""\n"Language: de\\n"\n\n# a comment\nmsgid "a.b"\nmsgstr "eins "\n"zwei \\"drei\\""\n';
  expect(parsePo(text)).toEqual({ "a.b": 'eins zwei "drei"' });
});

it("refuses a key that stands twice and a line that is not PO", () => {
  expect(() => parsePo('msgid "a"\nmsgstr "1"\nmsgid "a"\nmsgstr "2"\n')).toThrow("twice");
  expect(() => parsePo("nonsense\n")).toThrow("not PO");
});
