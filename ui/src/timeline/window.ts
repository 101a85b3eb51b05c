// The window of a timeline and what stands in it: pure, so that it can be tested without a page.
import type { Timeline, TimelineLane, TimelineRow } from '../envelope.ts'

/** Seconds from the beginning of the trace. */
export interface Window {
  from: number
  to: number
}

/** A goroutine at one time. */
export interface Chosen {
  goroutine: number
  at: number
}

/** What is drawn, from top to bottom. */
export type Line =
  | { kind: 'stops'; key: string; top: number; high: number }
  | { kind: 'procs'; key: string; top: number; high: number }
  | { kind: 'lane'; key: string; top: number; high: number; lane: TimelineLane; open: boolean }
  | { kind: 'row'; key: string; top: number; high: number; lane: TimelineLane; row: TimelineRow }
  | { kind: 'more'; key: string; top: number; high: number; lane: TimelineLane }

/** No window is narrower. */
const NARROWEST_S = 1e-6
/** Columns may be wider than there is room for by so much. */
const COARSER = 1.25
const STOPS_PX = 24
const PROC_PX = 7
const LANE_PX = 30
const ROW_PX = 16

/** Kept inside the trace, at its width if that is possible. */
export function clamped(window: Window, span: number): Window {
  const width = Math.min(span, Math.max(NARROWEST_S, window.to - window.from))
  const from = Math.min(Math.max(0, window.from), span - width)
  return { from, to: from + width }
}

/** So much wider or narrower, with the time at a share of its width kept in its place. */
export function zoomed(window: Window, factor: number, at: number, span: number): Window {
  const width = window.to - window.from
  const next = Math.min(span, Math.max(NARROWEST_S, width * factor))
  const from = window.from + at * (width - next)
  return clamped({ from, to: from + next }, span)
}

/** Moved by a share of its width. */
export function panned(window: Window, share: number, span: number): Window {
  const by = share * (window.to - window.from)
  return clamped({ from: window.from + by, to: window.to + by }, span)
}

/** As the address has it: nine digits are nanoseconds. */
export function writeWindow(window: Window, span: number): string {
  return window.from <= 0 && window.to >= span ? '' : `${+window.from.toFixed(9)}-${+window.to.toFixed(9)}`
}

export function readWindow(text: string | undefined, span: number): Window {
  const [from, to] = (text ?? '').split('-').map(Number)
  return from !== undefined && to !== undefined && to > from ? clamped({ from, to }, span) : { from: 0, to: span }
}

/** Whether the whole trace's own columns show a window as well as an answer would: nobody has to be asked. */
export function isEnough(whole: Timeline, { from, to }: Window, columns: number): boolean {
  const isWhole = from <= 0 && to >= whole.span_s
  const has = Math.round((whole.to_s - whole.from_s) / whole.step_s)
  // A trace that can be read closely as a whole is not known that closely.
  return isWhole && whole.close_s < whole.span_s && has * COARSER >= columns
}

export function writeChosen(chosen: Chosen | null): string {
  return chosen ? `${chosen.goroutine}@${+chosen.at.toFixed(9)}` : ''
}

export function readChosen(text: string | undefined): Chosen | null {
  const [goroutine, at] = (text ?? '').split('@').map(Number)
  return goroutine && at !== undefined && at >= 0 ? { goroutine, at } : null
}

/** With those groups only whose functions hold the text. */
export function matching(timeline: Timeline, text: string): Timeline {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return timeline
  const holds = (lane: TimelineLane): boolean => [lane.entry, lane.created_by].some((place) => place?.func.toLowerCase().includes(wanted))
  return { ...timeline, lanes: timeline.lanes.filter(holds) }
}

/** Every line with its place. */
export function linesOf(timeline: Timeline, open: Set<string>): Line[] {
  const lines: Line[] = []
  let top = 0
  const put = (line: Line): void => {
    lines.push(line)
    top += line.high
  }
  put({ kind: 'stops', key: 'stops', top, high: STOPS_PX })
  if (timeline.procs.length > 0) put({ kind: 'procs', key: 'procs', top, high: Math.max(STOPS_PX, timeline.procs.length * PROC_PX + 4) })
  for (const lane of timeline.lanes) {
    const isOpen = open.has(String(lane.id))
    put({ kind: 'lane', key: `lane:${lane.id}`, top, high: LANE_PX, lane, open: isOpen })
    if (!isOpen) continue
    for (const row of lane.rows ?? []) put({ kind: 'row', key: `row:${row.goroutine}`, top, high: ROW_PX, lane, row })
    if (!timeline.close || (lane.rows_hidden ?? 0) > 0 || !lane.rows?.length) put({ kind: 'more', key: `more:${lane.id}`, top, high: ROW_PX, lane })
  }
  return lines
}

/** The line at a height; nothing below the last. */
export function lineAt(lines: Line[], y: number): Line | undefined {
  return lines.find((line) => y >= line.top && y < line.top + line.high)
}

/** The span of a row at a time, in nanoseconds since the answer's window began; -1 for none. */
export function spanAt(row: TimelineRow, ns: number): number {
  let [low, high] = [0, row.from_ns.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (row.from_ns[middle]! <= ns) low = middle
    else high = middle - 1
  }
  return row.from_ns.length > 0 && row.from_ns[low]! <= ns && ns <= row.from_ns[low]! + row.ns[low]! ? low : -1
}

/** Times on the axis: round, and at most so many. */
export function ticks(window: Window, most: number): number[] {
  const raw = (window.to - window.from) / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? 10 * power
  const first = Math.ceil(window.from / step)
  const out: number[] = []
  for (let at = first; at * step <= window.to; at += 1) out.push(at * step)
  return out
}
