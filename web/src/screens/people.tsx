/** People and their roles, and the audit log: the administrator's screen. */

import { useState } from "preact/hooks";
import { ask } from "../api/client";
import { type AuditLine, type Person, ROLES, type Role } from "../api/types";
import { useLoad } from "../parts/load";
import { ProblemSays } from "../parts/says";
import { moment, number } from "../words/numbers";
import { t } from "../words/words";
import { TableHead, type Column } from "../parts/table-head";

function Roles({ name, chosen, change }: { name: string; chosen: Role[]; change: (roles: Role[]) => void }) {
  const toggle = (role: Role) => () =>
    change(chosen.includes(role) ? chosen.filter((one) => one !== role) : [...chosen, role]);
  return (
    <fieldset class="row wrap">
      <legend class="unseen">{t("people.roles_of", { name })}</legend>
      {ROLES.map((role) => (
        <label class="inline" key={role}>
          <input type="checkbox" checked={chosen.includes(role)} onChange={toggle(role)} />
          {t(`role.${role}`)}
        </label>
      ))}
    </fieldset>
  );
}

function NewPerson({ done }: { done: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [roles, setRoles] = useState<Role[]>(["observer"]);
  const [problem, setProblem] = useState<unknown>(null);
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask("POST", "/people", { name, password, roles });
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form class="panel stack" onSubmit={add}>
      <h2>{t("people.add")}</h2>
      <div class="fields">
        <label>
          {t("log_in.name")}
          <input required value={name} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label>
          {t("log_in.password")}
          <input
            required
            type="password"
            minLength={12}
            autocomplete="new-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
      </div>
      <Roles name={name} chosen={roles} change={setRoles} />
      <div>
        <button type="submit" class="main">
          {t("people.add.do")}
        </button>
      </div>
      <ProblemSays problem={problem} />
    </form>
  );
}

function PersonLine({ person, change }: { person: Person; change: (more: object) => void }) {
  return (
    <tr>
      <th scope="row">{person.name}</th>
      <td>
        <Roles name={person.name} chosen={person.roles} change={(roles) => change({ roles })} />
      </td>
      <td class="number">
        <button type="button" onClick={() => change({ disabled: !person.disabled })}>
          {t(person.disabled ? "people.enable" : "people.disable")}
        </button>
      </td>
    </tr>
  );
}

const AUDIT: Column[] = [
  { key: "audit.number" },
  { key: "audit.time" },
  { key: "audit.person" },
  { key: "audit.act" },
  { key: "audit.subject" },
  { key: "audit.detail" },
];

function Audit() {
  const { data, problem } = useLoad<{ total: number; lines: AuditLine[] }>("/audit?offset=0&limit=100");
  return (
    <section class="panel stack">
      <h2>{t("audit.heading")}</h2>
      <ProblemSays problem={problem} />
      <table class="tight">
        <TableHead columns={AUDIT} />
        <tbody>
          {data?.lines.map((line) => (
            <tr key={line.number}>
              <td>{number(line.number)}</td>
              <td>{moment(line.time)}</td>
              <td>{line.person}</td>
              <td>{line.act}</td>
              <td>{line.subject}</td>
              <td>{line.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const PEOPLE: Column[] = [{ key: "log_in.name" }, { key: "people.roles" }, { key: "people.disable", heard: true }];

export default function People() {
  const { data, problem, again: load } = useLoad<Person[]>("/people");
  const [changes, setChanges] = useState(0);
  const [added, setAdded] = useState(0);
  const again = (): void => (load(), setChanges((last) => last + 1));
  const [refused, setRefused] = useState<unknown>(null);
  const change = (name: string) => (more: object) =>
    void ask("PATCH", `/people/${encodeURIComponent(name)}`, more).then(again, setRefused);
  return (
    <div class="list">
      <h1>{t("nav.people")}</h1>
      <ProblemSays problem={problem ?? refused} />
      <div class="panel">
        <table>
          <TableHead columns={PEOPLE} />
          <tbody>
            {data?.map((person) => (
              <PersonLine key={person.name} person={person} change={change(person.name)} />
            ))}
          </tbody>
        </table>
      </div>
      <NewPerson key={`new${added}`} done={() => (again(), setAdded((last) => last + 1))} />
      <Audit key={`audit${changes}`} />
    </div>
  );
}
