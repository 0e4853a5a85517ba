/** A form made from a JSON schema: one field a property, limits and units from the schema, groups folded. */

import { known } from "../words/words";
import { type Field, type Schema, type Values, fieldsOf, meant, shown, startOf, valueAt, withValue } from "./schema";

const readable = (name: string): string => name.replaceAll("_", " ");

function Input({
  field,
  id,
  value,
  change,
}: {
  field: Field;
  id: string;
  value: unknown;
  change: (value: unknown) => void;
}) {
  if (field.kind === "flag")
    return (
      <input
        id={id}
        type="checkbox"
        checked={value === true}
        onChange={(event) => change(event.currentTarget.checked)}
      />
    );
  if (field.kind === "choice") {
    return (
      <select id={id} value={String(value ?? "")} onChange={(event) => change(event.currentTarget.value)}>
        {field.choices.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    );
  }
  if (field.kind === "text")
    return <textarea id={id} value={String(value ?? "")} onInput={(event) => change(event.currentTarget.value)} />;
  const read = (event: Event): void => {
    const typed = (event.target as HTMLInputElement).valueAsNumber;
    change(Number.isFinite(typed) ? meant(field, typed) : null);
  };
  return (
    <input
      id={id}
      type="number"
      step={field.kind === "whole" ? 1 : "any"}
      min={field.low === undefined ? undefined : shown(field, field.low)}
      max={field.high === undefined ? undefined : shown(field, field.high)}
      required={!field.optional}
      value={value === null || value === undefined ? "" : shown(field, Number(value))}
      onInput={read}
    />
  );
}

interface Filled {
  field: Field;
  values: Values;
  change: (next: Values) => void;
}

/**
 * Fields that belong together. A group that may be absent is taken in or left out by its box: fields of one that is
 * absent are not there, since a browser refuses a form over a required field that nobody sees, without a word.
 */
function Group({ field, name, values, change }: Filled & { name: string }) {
  const given = valueAt(values, field.path);
  const absent = given === null || given === undefined;
  const fields = (
    <div class="stack group">
      {field.fields.map((inner) => (
        <One key={inner.path.join()} field={inner} values={values} change={change} />
      ))}
    </div>
  );
  if (!field.optional)
    return (
      <fieldset class="stack">
        <legend>{name}</legend>
        {fields}
      </fieldset>
    );
  return (
    <div class="stack">
      <label class="inline">
        <input
          type="checkbox"
          checked={!absent}
          onChange={(event) =>
            change(withValue(values, field.path, event.currentTarget.checked ? startOf(field) : null))
          }
        />
        {name}
      </label>
      {!absent && fields}
    </div>
  );
}

function One({ field, values, change }: Filled) {
  const id = `field-${field.path.join("-")}`;
  const name = known(`prescription.${field.path.join(".")}`, readable(field.path.at(-1)!));
  if (field.kind === "group") return <Group field={field} name={name} values={values} change={change} />;
  return (
    <label for={id} class={field.kind === "text" ? "wide" : "beside"} title={field.description}>
      <span>{name}</span>
      <Input
        field={field}
        id={id}
        value={valueAt(values, field.path)}
        change={(value) => change(withValue(values, field.path, value))}
      />
    </label>
  );
}

export function SchemaForm({
  schema,
  values,
  change,
}: {
  schema: Schema;
  values: Values;
  change: (next: Values) => void;
}) {
  return (
    <div class="stack">
      {fieldsOf(schema).map((field) => (
        <One key={field.path.join()} field={field} values={values} change={change} />
      ))}
    </div>
  );
}
