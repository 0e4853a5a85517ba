/** A form made from a JSON schema: one field a property, limits and units from the schema, groups folded. */

import { known } from "../words/words";
import { type Field, type Schema, type Values, fieldsOf, valueAt, withValue } from "./schema";

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
    change(Number.isFinite(typed) ? typed : null);
  };
  return (
    <input
      id={id}
      type="number"
      step={field.kind === "whole" ? 1 : "any"}
      min={field.low}
      max={field.high}
      required={!field.optional}
      value={value === null || value === undefined ? "" : Number(value)}
      onInput={read}
    />
  );
}

function One({ field, values, change }: { field: Field; values: Values; change: (next: Values) => void }) {
  const id = `field-${field.path.join("-")}`;
  const name = known(`prescription.${field.path.join(".")}`, readable(field.path.at(-1)!));
  if (field.kind === "group") {
    return (
      <details>
        <summary>{name}</summary>
        <div class="stack group">
          {field.fields.map((inner) => (
            <One key={inner.path.join()} field={inner} values={values} change={change} />
          ))}
        </div>
      </details>
    );
  }
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
