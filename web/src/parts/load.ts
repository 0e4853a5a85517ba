import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";

export interface Loaded<T> {
  data: T | null;
  problem: unknown;
  again: () => void;
}

/** What the server says under a path: read when the path changes, and again on demand. A null path reads nothing. */
export function useLoad<T>(path: string | null): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    let stale = false;
    get<T>(path).then(
      (got) => !stale && (setData(got), setProblem(null)),
      (error: unknown) => !stale && setProblem(error),
    );
    return () => {
      stale = true;
    };
  }, [path, turn]);
  return { data, problem, again: () => setTurn((last) => last + 1) };
}
