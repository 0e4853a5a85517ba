/** Log-in, or on a first start the making of the first administrator with the one-time link. */

import { useState } from "preact/hooks";
import { ask, me } from "../api/client";
import type { Me } from "../api/types";
import { LanguageChoice } from "../parts/language";
import { ProblemSays } from "../parts/says";
import { t } from "../words/words";

const PASSWORD_LENGTH = 12;

function firstToken(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("first");
}

function Field(props: {
  id: string;
  label: string;
  type: "text" | "password";
  complete: string;
  least?: number;
  onText: (text: string) => void;
}) {
  return (
    <label for={props.id}>
      {props.label}
      <input
        id={props.id}
        {...({ type: props.type } as { type: "text" })}
        autocomplete={props.complete}
        minLength={props.least}
        required
        onInput={(event) => props.onText(event.currentTarget.value)}
      />
    </label>
  );
}

export function LogIn({ firstStart }: { firstStart: boolean }) {
  const token = firstToken();
  const making = token !== null && firstStart;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      me.value = making
        ? await ask<Me>("POST", "/first-administrator", { token, name, password })
        : await ask<Me>("POST", "/log-in", { name, password });
      if (making) history.replaceState(null, "", "/");
    } catch (refused) {
      setProblem(refused);
    }
  };
  return (
    <div class="log-in">
      <form class="panel" onSubmit={enter}>
        <div class="row">
          <h1>OpenHIFU</h1>
          <span class="gap" />
          <LanguageChoice />
        </div>
        <p class="quiet">{t(making ? "log_in.first" : firstStart ? "log_in.first_needs_link" : "log_in.welcome")}</p>
        <Field id="name" label={t("log_in.name")} type="text" complete="username" onText={setName} />
        <Field
          id="password"
          label={t("log_in.password")}
          type="password"
          complete={making ? "new-password" : "current-password"}
          least={making ? PASSWORD_LENGTH : undefined}
          onText={setPassword}
        />
        {making && <p class="quiet">{t("log_in.password_rule", { count: PASSWORD_LENGTH })}</p>}
        <ProblemSays problem={problem} />
        <button type="submit" class="main">
          {t(making ? "log_in.make" : "log_in.enter")}
        </button>
      </form>
    </div>
  );
}
