/** A JSON schema read as a list of fields: names, units, limits; nested objects become groups. */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  default?: unknown;
}

export interface Field {
  path: string[];
  kind: "number" | "whole" | "text" | "flag" | "choice" | "group" | "other";
  optional: boolean;
  choices: string[];
  low?: number;
  high?: number;
  description: string;
  /** What the schema takes where nothing is given. */
  preset?: unknown;
  fields: Field[];
}

/** Follows references, and of a choice with nothing takes the something. */
function resolve(schema: Schema, root: Schema): { schema: Schema; optional: boolean } {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop() ?? "";
    return resolve({ ...root.$defs?.[name], ...(schema.description ? { description: schema.description } : {}) }, root);
  }
  const options = schema.anyOf?.filter((option) => option.type !== "null");
  if (options?.length === 1) {
    const inner = resolve(options[0]!, root);
    return {
      schema: { ...inner.schema, description: schema.description ?? inner.schema.description },
      optional: options.length < schema.anyOf!.length,
    };
  }
  if (schema.allOf?.length === 1) return resolve(schema.allOf[0]!, root);
  return { schema, optional: false };
}

const KINDS: Record<string, Field["kind"]> = {
  number: "number",
  integer: "whole",
  string: "text",
  boolean: "flag",
  object: "group",
};

export function fieldsOf(schema: Schema, root: Schema = schema, path: string[] = []): Field[] {
  const { schema: object } = resolve(schema, root);
  return Object.entries(object.properties ?? {})
    .map(([name, property]) => {
      const { schema: found, optional } = resolve(property, root);
      const here = [...path, name];
      const kind = found.enum ? "choice" : (KINDS[String(found.type)] ?? "other");
      return {
        path: here,
        kind: kind === "group" && !found.properties ? "other" : kind,
        optional: optional || !(object.required?.includes(name) ?? false),
        choices: (found.enum ?? []).map(String),
        low: found.minimum ?? found.exclusiveMinimum,
        high: found.maximum ?? found.exclusiveMaximum,
        description: found.description ?? "",
        preset: found.default,
        fields: kind === "group" ? fieldsOf(found, root, here) : [],
      } satisfies Field;
    })
    .filter((field) => field.kind !== "other");
}

/** A group as it is when it has just been taken in: what the schema presets, and the rest to be filled. */
export function startOf(group: Field): Values {
  const preset = group.fields.filter((field) => field.preset !== undefined);
  return Object.fromEntries(preset.map((field) => [field.path.at(-1)!, field.preset]));
}

export type Values = Record<string, unknown>;

export function valueAt(values: Values, path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Values | undefined)?.[name], values);
}

/** The values with one of them changed; what is on the way is copied, not altered. */
export function withValue(values: Values, path: string[], value: unknown): Values {
  const [name, ...rest] = path;
  if (name === undefined) return values;
  const inner = rest.length ? withValue((values[name] ?? {}) as Values, rest, value) : value;
  return { ...values, [name]: inner };
}

/** Lengths are in metres inside and in millimetres before people. */
const MILLIMETRES = new Set(["lateral_spacing", "axial_spacing"]);

const factorOf = (field: Field): number => (MILLIMETRES.has(field.path.at(-1) ?? "") ? 1e3 : 1);

/** A number without the last digits that a change of units leaves behind. */
const tidy = (value: number): number => Number(value.toPrecision(12));

/** A number of a field as people read it. */
export function shown(field: Field, value: number): number {
  return tidy(value * factorOf(field));
}

/** What was typed into a field, as the schema has it. */
export function meant(field: Field, typed: number): number {
  return tidy(typed / factorOf(field));
}
