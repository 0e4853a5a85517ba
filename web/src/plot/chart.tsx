/** Curves by uPlot, and the same numbers as a table for those who cannot see curves. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { number } from "../words/numbers";
import { language, t } from "../words/words";

export interface Series {
  name: string;
  values: (number | null)[];
  colour: string;
  dash?: number[];
}

/** Between which values something lies. */
export interface Band {
  name: string;
  colour: string;
  low: (number | null)[];
  high: (number | null)[];
}

export interface Bound {
  value: number;
  colour: string;
}

interface ChartProps {
  title: string;
  x: { name: string; values: number[]; log?: boolean; digits?: number };
  unit: string;
  series: Series[];
  bounds?: Bound[];
  band?: Band;
  height?: number;
  range?: [number, number];
  digits?: number;
}

/** Colours told apart by those who do not see red or green, on the dark ground. */
export const COLOURS = ["#5cc8d4", "#f0b95a", "#b9a5f2", "#9bd17f", "#e79ac0", "#8fb4ff", "#d9d38a", "#c9c9c9"];

const AXIS = {
  stroke: "#a9b4be",
  grid: { stroke: "#2b333b", width: 1 },
  ticks: { stroke: "#36404a", width: 1 },
  font: "12px system-ui",
};

/** Horizontal lines of limits. */
function boundLines(bounds: Bound[]): uPlot.Plugin {
  const draw = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    for (const { value, colour } of bounds) {
      const y = plot.valToPos(value, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.save();
      ctx.strokeStyle = colour;
      ctx.setLineDash([6, 4]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.restore();
    }
  };
  return { hooks: { draw } };
}

/** Decimals of ticks: as many as their step needs; on a scale of powers of ten, as many as each tick needs. */
export function tickDigits(ticks: (number | null)[]): (tick: number) => number {
  const known = ticks.filter((tick) => tick !== null);
  const step = known.length > 1 ? known[1]! - known[0]! : 1;
  const last = known.length > 2 ? known.at(-1)! - known.at(-2)! : step;
  const needed = (value: number): number =>
    [0, 1, 2].find((digits) => Math.abs(value * 10 ** digits - Math.round(value * 10 ** digits)) < 1e-6) ?? 3;
  return Math.abs(last - step) < 1e-6 * Math.abs(step) ? () => needed(step) : needed;
}

/** A border of a band: its low one comes first, then its high one. */
function edge(band: Band): uPlot.Series {
  return { label: band.name, stroke: band.colour, width: 0.6, points: { show: false } };
}

function options(props: ChartProps, width: number): uPlot.Options {
  const count = props.series.length;
  const write = (_plot: uPlot, ticks: (number | null)[]): string[] => {
    const digits = tickDigits(ticks);
    return ticks.map((tick) => (tick === null ? "" : number(tick, digits(tick))));
  };
  return {
    width,
    height: props.height ?? 180,
    legend: { show: false },
    cursor: { y: false, points: { show: false } },
    scales: { x: { time: false, distr: props.x.log ? 3 : 1 }, y: { range: props.range ?? undefined } },
    axes: [
      { ...AXIS, values: write, label: props.x.name, labelSize: 16, labelFont: "12px system-ui", size: 28 },
      { ...AXIS, values: write, size: 46 },
    ],
    series: [
      {},
      ...props.series.map((one) => ({
        label: one.name,
        stroke: one.colour,
        width: 1.8,
        dash: one.dash,
        points: { show: false },
      })),
      ...(props.band ? [edge(props.band), edge(props.band)] : []),
    ],
    bands: props.band ? [{ series: [count + 2, count + 1], fill: `${props.band.colour}40` }] : [],
    plugins: props.bounds ? [boundLines(props.bounds)] : [],
  };
}

const ROWS = 24;

function Table({ title, x, unit, series: curves, band, digits = 1 }: ChartProps) {
  const edges = band ? [band.low, band.high].map((values) => ({ name: band.name, values, colour: band.colour })) : [];
  const series = [...curves, ...edges];
  const step = Math.max(1, Math.ceil(x.values.length / ROWS));
  const rows = x.values.map((_, at) => at).filter((at) => at % step === 0);
  return (
    <details>
      <summary>{t("chart.table")}</summary>
      <div class="scroll short" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                {x.name}
              </th>
              {series.map((one, at) => (
                <th scope="col" class="number" key={at}>
                  {one.name} {unit && `[${unit}]`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((at) => (
              <tr key={at}>
                <td class="number">{number(x.values[at], x.digits ?? 0)}</td>
                {series.map((one, column) => (
                  <td class="number" key={column}>
                    {number(one.values[at], digits)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Key({ series, band }: { series: Series[]; band?: Band }) {
  return (
    <span class="chart-key">
      {band && (
        <span>
          <i style={`border-top:9px solid ${band.colour}66`} aria-hidden="true" />
          {band.name}
        </span>
      )}
      {series.map((one) => (
        <span key={one.name}>
          <i style={`border-top:2.5px ${one.dash ? "dashed" : "solid"} ${one.colour}`} aria-hidden="true" />
          {one.name}
        </span>
      ))}
    </span>
  );
}

export function Chart(props: ChartProps & { table?: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const named = props.series.map((one) => one.name + one.colour);
  const shape = [...named, props.x.name, props.x.log, language.value, props.height, props.band !== undefined].join("|");
  const edges = props.band ? [props.band.low, props.band.high] : [];
  const data = [props.x.values, ...props.series.map((one) => one.values), ...edges] as uPlot.AlignedData;
  useEffect(() => {
    const box = holder.current!;
    const made = new uPlot(options(props, box.clientWidth || 300), data, box);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: props.height ?? 180 }));
    watch.observe(box);
    return () => (watch.disconnect(), made.destroy());
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [props.x.values, props.x.values.length, props.series]);
  return (
    <figure class="chart">
      <figcaption class="row wrap">
        <h2 class="chart-title">
          {props.title}
          {props.unit && ` [${props.unit}]`}
        </h2>
        <span class="gap" />
        {props.series.some((one) => one.name !== props.title) && <Key series={props.series} band={props.band} />}
      </figcaption>
      <div ref={holder} aria-hidden="true" />
      {props.table !== false && <Table {...props} />}
    </figure>
  );
}
