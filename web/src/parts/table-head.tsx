/** The head of a table: one cell a column, numbers to the right, a name that is only heard where eyes need none. */

import { t } from "../words/words";

export interface Column {
  key: string;
  numeric?: boolean;
  heard?: boolean;
}

export function TableHead({ columns }: { columns: Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map(({ key, numeric, heard }) => (
          <th scope="col" key={key} class={numeric ? "number" : ""}>
            {heard ? <span class="unseen">{t(key)}</span> : t(key)}
          </th>
        ))}
      </tr>
    </thead>
  );
}
