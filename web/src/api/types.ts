/** What the console's server says and hears (docs/console.md): SI units, patient LPS metres. */

export type Vector = [number, number, number];
export type Affine = number[][];

export interface Me {
  name: string;
  roles: Role[];
  csrf: string;
  session_expires_at: string;
}

export type Role = "observer" | "operator" | "physicist" | "physician" | "administrator";
export const ROLES: Role[] = ["observer", "operator", "physicist", "physician", "administrator"];

export interface Status {
  version: string;
  research_notice: string;
  time: string;
  first_start: boolean;
  logged_in: boolean;
}

export interface Person {
  name: string;
  roles: Role[];
  disabled: boolean;
}

export interface AuditLine {
  number: number;
  time: string;
  person: string;
  act: string;
  subject: string;
  detail: string;
}

export interface Device {
  name: string;
  title: string;
  serial: string;
  element_count: number;
  frequency_hz: number;
  focal_length_m: number;
  aperture_m: number;
  highest_power_w: number;
  calibration_date: string | null;
}

export interface CaseLine {
  id: string;
  title: string;
  pseudonym: string;
  target: string | null;
  device: string;
  bundled: boolean;
  version_of: string | null;
}

export interface Label {
  value: number;
  name: string;
  colour: string;
}

export interface Verdict {
  verdict: "ok" | "warning" | "error";
  sentence: string;
  remedy: string;
}

export interface ImageShape {
  shape: Vector;
  affine: Affine;
}

export interface CaseView extends Omit<CaseLine, "target"> {
  case: Record<string, unknown>;
  labels: Label[];
  target_m: Vector | null;
  image: (ImageShape & { dtype: "int16"; unit: string }) | null;
  checks: Verdict[];
}

export interface Job {
  id: string;
  kind: "plan" | "rehearsal" | "robustness" | "report" | "import";
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  fraction: number | null;
  message: string;
  person: string;
  subject: string;
  created_at: string | number;
  result?: { plan?: string; case?: string; run?: string; remarks?: string[] } | null;
  error?: { what: string; remedy: string } | null;
}

export interface PlanLine {
  hash: string;
  case: string;
  device: string;
  made_at: string | number;
  spot_count: number;
  energy_j: number;
  coverage: number;
  errors: number;
  warnings: number;
  rehearsed: boolean;
  approved: boolean;
}

export type Light = "green" | "amber" | "red";

export interface Spot {
  index: number;
  position_m: Vector;
  power_w: number;
  on_s: number;
  off_s: number;
  elements_off: number;
  places: number;
  power_ceiling_w: number | null;
  predicted_peak_c: number | null;
  light: Light;
  reasons: string[];
}

export interface Check extends Verdict {
  name: string;
  value: number | null;
  limit: number | null;
  unit: string;
  ok: boolean;
  source: string;
}

export interface DoseVolume {
  structure: string;
  cem43_min: number[];
  fraction: number[];
}

export interface Metrics {
  coverage: number;
  target_volume_m3: number;
  ablated_volume_m3: number;
  peak_temperature_c: number;
  treatment_time_s: number;
  energy_j: number;
  organs: { organ: string; peak_temperature_c: number; cem43_max_min: number; volume_over_limit_m3: number }[];
}

export interface PlanView {
  hash: string;
  case: string;
  device: string;
  serial: string;
  spots: Spot[];
  checks: Check[];
  dose_volume: DoseVolume[];
  curves: { time_s: number[]; power_w: number[]; hottest_c: Record<string, number[]> };
  metrics: Metrics;
  unmet: string[];
  pose: { focus_m: Vector; direction: Vector };
  rehearsed: boolean;
  rehearsal: string | null;
  approvals: { person: string; role: string; time: string; statement: string; rehearsal_run: string }[];
  approved: boolean;
  second_look_needed: boolean;
  second_look_above_w: number | null;
  robustness: Study | null;
}

export interface CurveBand {
  cem43_min: number[];
  low: number[];
  high: number[];
}

export interface Study {
  scenarios: number;
  asked: number;
  bands: { name: string; unit: string; nominal: number; low: number; median: number; high: number }[];
  target: CurveBand | null;
  checks: Check[];
  measure: string;
}

/** What the beam meets from a direction; shares of the aperture. */
export interface Look {
  direction: Vector;
  bone: number;
  cartilage: number;
  gas: number;
  bowel: number;
  cut: number;
  amplitude: number;
  stand_off_m: number;
  elements_off: number;
  elements: number;
  refusal: string;
  took_ms: number;
}

export interface WindowMap {
  azimuth_rad: number[];
  elevation_rad: number[];
  amplitude: (number | null)[][];
  refusal: (number | null)[][];
  refusals: string[];
}

export type OverlayKind = "temperature" | "dose" | "pressure";

export interface OverlayHead {
  grid: ImageShape;
  unit: string;
  lowest: number;
  highest: number;
  scale: "linear" | "log10";
}

export interface Comparison {
  plans: Pick<PlanView, "hash" | "case" | "device" | "metrics" | "dose_volume">[];
  rows: { name: string; unit: string; values: (number | string | null)[] }[];
}

export interface RunLine {
  id: string;
  plan: string;
  case: string;
  state: "preparing" | "waiting" | "running" | "ended";
  ending: string | null;
  rehearsal: boolean;
  started_at: string | number;
  spots_done: number;
  spots: number;
  energy_j: number;
}

export interface RunSpot {
  index: number;
  state: "to come" | "on" | "done" | "partial" | "earlier";
  power_w: number | null;
  on_s: number | null;
  energy_j: number | null;
  measured_peak_c: number | null;
  ending: string | null;
}

export interface RunView extends RunLine {
  sentence: string;
  journal_ok: boolean;
  journal_sentence: string;
  resumable: boolean;
  resume_of: string | null;
  /** J: foreseen for what this run was to deliver; delivered by it and those before it; foreseen in all. */
  to_deliver_j: number;
  with_earlier_j: number | null;
  planned_j: number;
  spot_list: RunSpot[];
}

export interface JournalEvent {
  sequence: number;
  clock: number;
  time: string;
  person: string | null;
  what: { kind: string } & Record<string, unknown>;
}

export interface LiveAlarm {
  cause: string;
  priority: "high" | "medium" | "low";
  text: string;
  remedy: string;
  acknowledged_by: string | null;
}

export interface LiveStatus {
  type: "status";
  run: string;
  state: string;
  words: string;
  spot: number | null;
  spots_done: number;
  spots: number;
  elapsed_s: number;
  remaining_s: number | null;
  power_w: number | null;
  asked_power_w: number | null;
  output_on: boolean;
  temperature_c: number | null;
  organs: { name: string; temperature_c: number }[];
  water_c: number | null;
  measured_at_s: number | null;
  alarms: LiveAlarm[];
  sounding: "high" | "medium" | "low" | null;
  question: { text: string; choices: string[] } | null;
  ending: string | null;
  sentence: string;
}

export interface FrameHead extends ImageShape {
  kind: "temperature" | "dose";
  time_s: number;
  sequence: number;
  lowest: number;
  highest: number;
  scale: "linear" | "log10";
  unit: string;
  codec: "zlib";
  taken_at_s?: number;
}
