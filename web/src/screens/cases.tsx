/** Cases: list, search, open; a new one by dropping its images here. */

import { useState } from "preact/hooks";
import { may } from "../api/client";
import type { CaseLine } from "../api/types";
import { ImportCase } from "../parts/import-case";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays, Waiting } from "../parts/says";
import { t } from "../words/words";
import { TableHead, type Column } from "../parts/table-head";

function Line({ line }: { line: CaseLine }) {
  return (
    <tr>
      <td>
        <Link to={`/cases/${line.id}`}>{line.title}</Link>
      </td>
      <td>{line.pseudonym}</td>
      <td>{line.target ?? "–"}</td>
      <td>{line.device}</td>
      <td>
        <div class="row">
          {line.bundled && <span class="tag">{t("cases.bundled")}</span>}
          {line.version_of && <span class="tag">{t("cases.version")}</span>}
        </div>
      </td>
      <td class="number">
        <Link to={`/plans?case=${line.id}`}>{t("cases.plans")}</Link>
      </td>
    </tr>
  );
}

const COLUMNS: Column[] = [
  { key: "cases.title" },
  { key: "cases.pseudonym" },
  { key: "cases.target" },
  { key: "cases.device" },
  { key: "cases.kind" },
  { key: "cases.plans", heard: true },
];

export default function Cases() {
  const [search, setSearch] = useState("");
  const { data, problem, again } = useLoad<CaseLine[]>(`/cases?search=${encodeURIComponent(search)}`);
  return (
    <div class="list">
      <div class="heading">
        <h1>{t("nav.cases")}</h1>
        <span class="gap" />
        <input
          type="search"
          aria-label={t("cases.search")}
          placeholder={t("cases.search")}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      <ProblemSays problem={problem} />
      {!data && !problem && <Waiting />}
      <div class="panel">
        <table>
          <TableHead columns={COLUMNS} />
          <tbody>
            {data?.map((line) => (
              <Line key={line.id} line={line} />
            ))}
          </tbody>
        </table>
        {data?.length === 0 && <p class="quiet pad">{t("cases.none")}</p>}
      </div>
      {may("physicist", "physician", "administrator") && <ImportCase done={again} />}
    </div>
  );
}
