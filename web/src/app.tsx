/** The frame around every screen: who is here, where one is, the language, and the notice that never leaves. */

import { signal } from "@preact/signals";
import { Suspense, lazy } from "preact/compat";
import { useEffect } from "preact/hooks";
import { ask, get, me } from "./api/client";
import type { Me, Status } from "./api/types";
import { Link } from "./parts/link";
import { LanguageChoice } from "./parts/language";
import { Opening } from "./parts/says";
import { route } from "./route";
import { LogIn } from "./screens/log-in";
import { t } from "./words/words";

const Cases = lazy(() => import("./screens/cases"));
const Case = lazy(() => import("./screens/case"));
const Plans = lazy(() => import("./screens/plans"));
const Plan = lazy(() => import("./screens/plan"));
const Compare = lazy(() => import("./screens/compare"));
const Runs = lazy(() => import("./screens/runs"));
const Treat = lazy(() => import("./screens/treat"));
const Review = lazy(() => import("./screens/review"));
const People = lazy(() => import("./screens/people"));
const Jobs = lazy(() => import("./screens/jobs"));

const status = signal<Status | null>(null);
const asked = signal(false);

async function meet(): Promise<void> {
  status.value = await get<Status>("/status").catch(() => null);
  // Asked only where somebody is: a refusal would stand in the browser's console as an error on every first visit.
  if (status.value?.logged_in) me.value = await get<Me>("/me").catch(() => null);
  asked.value = true;
}

function Screen() {
  const { screen, id, query } = route.value;
  if (screen === "cases") return <Cases />;
  if (screen === "case") return <Case id={id} key={id} />;
  if (screen === "plans") return <Plans of={query.get("case")} />;
  if (screen === "plan") return <Plan hash={id} key={id} />;
  if (screen === "compare") return <Compare hashes={(query.get("plans") ?? "").split(",")} />;
  if (screen === "runs") return <Runs plan={query.get("plan")} />;
  if (screen === "treat") return <Treat id={id} key={id} />;
  if (screen === "review") return <Review id={id} key={id} />;
  if (screen === "people") return <People />;
  if (screen === "jobs") return <Jobs />;
  return <p class="quiet pad">{t("page.unknown")}</p>;
}

async function leave(): Promise<void> {
  await ask("POST", "/log-out").catch(() => undefined);
  me.value = null;
}

function Here({ to, screens, children }: { to: string; screens: string[]; children: string }) {
  const current = screens.includes(route.value.screen);
  return (
    <Link to={to} class="verb" current={current}>
      {children}
    </Link>
  );
}

function Bar() {
  return (
    <header class="bar">
      <Link to="/" class="name">
        OpenHIFU
      </Link>
      <nav aria-label={t("nav.label")}>
        <Here to="/cases" screens={["cases", "case"]}>
          {t("nav.cases")}
        </Here>
        <Here to="/plans" screens={["plans", "plan", "compare"]}>
          {t("nav.plans")}
        </Here>
        <Here to="/runs" screens={["runs", "treat", "review"]}>
          {t("nav.runs")}
        </Here>
        <Here to="/jobs" screens={["jobs"]}>
          {t("nav.jobs")}
        </Here>
        {me.value?.roles.includes("administrator") && (
          <Here to="/people" screens={["people"]}>
            {t("nav.people")}
          </Here>
        )}
      </nav>
      <span class="gap" />
      <LanguageChoice />
      <span class="who" title={me.value?.roles.map((role) => t(`role.${role}`)).join(", ")}>
        {me.value?.name}
      </span>
      <button type="button" class="plain" onClick={leave}>
        {t("log_out")}
      </button>
    </header>
  );
}

export function App() {
  useEffect(() => void meet(), []);
  const notice = status.value?.research_notice ?? "";
  return (
    <>
      <a class="skip" href="#main">
        {t("nav.skip")}
      </a>
      {me.value && <Bar />}
      <main id="main" tabIndex={-1}>
        {!asked.value && <Opening problem={null} />}
        {asked.value && !me.value && <LogIn firstStart={status.value?.first_start ?? false} />}
        {me.value && (
          <Suspense fallback={<Opening problem={null} />}>
            <Screen />
          </Suspense>
        )}
      </main>
      <footer class="notice">
        <span>{t("notice.research")}</span>
        <span class="gap" />
        <span title={notice}>{status.value && t("notice.version", { version: status.value.version })}</span>
        <a href={`/assets/licences.txt?${status.value?.version ?? ""}`}>{t("notice.licences")}</a>
      </footer>
    </>
  );
}
