import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Tab {
  name: string;
  title: string;
  body: () => ComponentChildren;
}

/** Tabs by the ARIA pattern: arrows move between them. */
export function Tabs({ tabs, label, start }: { tabs: Tab[]; label: string; start?: string }) {
  const [chosen, choose] = useState(start ?? tabs[0]?.name ?? "");
  const current = tabs.find((tab) => tab.name === chosen) ?? tabs[0];
  const key = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(current!) + step + tabs.length) % tabs.length]!;
    choose(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={key}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            id={`tab-${tab.name}`}
            role="tab"
            aria-selected={tab === current}
            aria-controls="tab-body"
            tabIndex={tab === current ? 0 : -1}
            onClick={() => choose(tab.name)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div class="scroll" id="tab-body" role="tabpanel" aria-labelledby={`tab-${current?.name}`} tabIndex={0}>
        {current?.body()}
      </div>
    </>
  );
}
