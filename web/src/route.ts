/** Where the page is: a path of the browser's history, read as a screen and an identity. */

import { computed, signal } from "@preact/signals";

export interface Route {
  screen: "cases" | "case" | "plans" | "plan" | "compare" | "treat" | "review" | "runs" | "people" | "jobs" | "unknown";
  id: string;
  query: URLSearchParams;
}

const address = signal(typeof location === "undefined" ? "/" : location.pathname + location.search);

const SCREENS: Record<string, [one: Route["screen"], many: Route["screen"]]> = {
  "": ["cases", "cases"],
  cases: ["case", "cases"],
  plans: ["plan", "plans"],
  compare: ["compare", "compare"],
  runs: ["treat", "runs"],
  review: ["review", "runs"],
  people: ["people", "people"],
  jobs: ["jobs", "jobs"],
};

export function readRoute(path: string): Route {
  const url = new URL(path, "http://page");
  const [, room = "", id = ""] = url.pathname.split("/");
  const found = SCREENS[room];
  const screen = found ? found[id ? 0 : 1] : "unknown";
  return { screen, id: decodeURIComponent(id), query: url.searchParams };
}

export const route = computed(() => readRoute(address.value));

export function go(path: string): void {
  history.pushState(null, "", path);
  address.value = path;
  window.scrollTo(0, 0);
}

if (typeof window !== "undefined") {
  window.addEventListener("popstate", () => {
    address.value = location.pathname + location.search;
  });
}
