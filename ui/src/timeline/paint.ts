// Draws the lines of a timeline that are in sight. Columns that look alike and spans are one rectangle each; nothing outside the window is
// touched.
import type { Timeline, TimelineLane } from '../envelope.ts'
import { fitted, tailOf } from '../go.ts'
import type { Theme } from './colour.ts'
import type { Line, Window } from './window.ts'

export const LABEL_PX = 250
export const AXIS_PX = 22
const FONT = '11.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'
/** States that take or want a P come first and are drawn as heights; waits below them, as shares. */
const ACTIVE = 3
const WAITS_PX = 8

export interface Scene {
  timeline: Timeline
  lines: Line[]
  window: Window
  theme: Theme
  px: number
  high: number
  top: number
  /** Pixels of the screen in one of the page. */
  ratio: number
  selected: string
  ticks: { at: number; text: string }[]
  words: { stops: string; procs: string; unknown: string; others: string; more: (lane: TimelineLane) => string }
}

export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { theme, px, high, lines, top } = scene
  context.fillStyle = theme.background
  context.fillRect(0, 0, px, high)
  context.font = FONT
  context.textBaseline = 'middle'
  context.save()
  context.beginPath()
  context.rect(0, AXIS_PX, px, high - AXIS_PX)
  context.clip()
  const letter = context.measureText('m').width
  for (const line of lines) {
    const y = line.top - top + AXIS_PX
    if (y + line.high < AXIS_PX || y > high) continue
    lineInPlot(context, scene, line, y)
    label(context, scene, line, y, letter)
    context.fillStyle = theme.line
    context.fillRect(0, y + line.high - 1, px, line.kind === 'row' ? 0 : 1)
    if (line.key === scene.selected) {
      context.fillStyle = theme.text
      context.fillRect(0, y, 3, line.high - 1)
    }
  }
  context.restore()
  axis(context, scene)
}

/** Where a time is drawn. */
export function xOf(at: number, window: Window, px: number): number {
  return LABEL_PX + ((at - window.from) / (window.to - window.from)) * (px - LABEL_PX)
}

function lineInPlot(context: CanvasRenderingContext2D, scene: Scene, line: Line, y: number): void {
  context.save()
  context.beginPath()
  context.rect(LABEL_PX, y, scene.px - LABEL_PX, line.high)
  context.clip()
  if (line.kind === 'stops') stops(context, scene, y, line.high)
  else if (line.kind === 'procs') procs(context, scene, y)
  else if (line.kind === 'lane') lane(context, scene, line.lane, y, line.high)
  else if (line.kind === 'row') row(context, scene, line, y)
  context.restore()
}

function stops(context: CanvasRenderingContext2D, { timeline, theme, window, px }: Scene, y: number, high: number): void {
  context.fillStyle = theme.marking
  for (const [from, to] of timeline.marking as [number, number][]) {
    const x = xOf(from, window, px)
    context.fillRect(x, y + high / 2, Math.max(1, xOf(to, window, px) - x), high / 2 - 2)
  }
  context.fillStyle = theme.stop
  for (const stop of timeline.stops) {
    const x = xOf(stop.at_s, window, px)
    context.fillRect(x, y + 2, Math.max(1, xOf(stop.at_s + (stop.count === 1 ? stop.pause_s : 0), window, px) - x), high / 2 - 3)
  }
}

/** Left edges of columns, one more than there are, on the screen's own pixels: edges between two of them are drawn at several times the cost. */
function edges({ timeline, window, px, ratio }: Scene, columns: number): Float64Array {
  const last = xOf(timeline.to_s, window, px)
  return Float64Array.from({ length: columns + 1 }, (_, at) => snapped(Math.min(last, xOf(timeline.from_s + at * timeline.step_s, window, px)), ratio))
}

function snapped(at: number, ratio: number): number {
  return Math.round(at * ratio) / ratio
}

function procs(context: CanvasRenderingContext2D, scene: Scene, y: number): void {
  const { ratio } = scene
  const columns = Math.max(0, ...scene.timeline.procs.map((proc) => proc.busy.length))
  const edge = edges(scene, columns)
  context.fillStyle = scene.theme.fills[0]!
  for (const [at, proc] of scene.timeline.procs.entries()) {
    const bottom = y + 2 + 7 * at + 6
    const run = new Run(context, edge)
    for (const [column, share] of proc.busy.entries()) {
      if (share > 0) run.add(column, bottom, snapped(Math.max(1, (6 * share) / 1000), ratio))
    }
    run.end()
  }
}

function lane(context: CanvasRenderingContext2D, scene: Scene, { cells }: TimelineLane, y: number, high: number): void {
  const columns = Math.max(0, ...cells.map((state) => state.length))
  if (columns === 0) return
  const edge = edges(scene, columns)
  const tall = high - WAITS_PX - 4
  const active = sums(cells, columns, 0, ACTIVE)
  const waiting = sums(cells, columns, ACTIVE, cells.length)
  const most = active.reduce((most, value) => Math.max(most, value), 1)
  const least = 1 / scene.ratio
  const bands = cells.map((values, state) => ({ values, fill: scene.theme.fills[state]! }))
  stack(context, bands.slice(0, ACTIVE), edge, y + 2 + tall, (value) => Math.max(least, snapped((tall * value) / most, scene.ratio)))
  const done = new Float64Array(columns)
  stack(context, bands.slice(ACTIVE).reverse(), edge, y + 3 + tall + WAITS_PX, (value, column) => {
    const before = snapped((WAITS_PX * done[column]!) / waiting[column]!, scene.ratio)
    done[column]! += value
    return snapped((WAITS_PX * done[column]!) / waiting[column]!, scene.ratio) - before
  })
}

/** States on top of each other from the bottom up, each as high as it is worth, and each drawn as a whole: its colour is set once. */
function stack(context: CanvasRenderingContext2D, bands: { values: number[]; fill: string }[], edge: Float64Array, bottom: number, worth: (value: number, column: number) => number): void {
  const tops = new Float64Array(edge.length).fill(bottom)
  for (const { values, fill } of bands) {
    context.fillStyle = fill
    const run = new Run(context, edge)
    for (let column = 0; column < values.length; column += 1) {
      const value = values[column]!
      if (value === 0) continue
      const part = worth(value, column)
      if (part === 0) continue
      run.add(column, tops[column]!, part)
      tops[column]! -= part
    }
    run.end()
  }
}

/** Columns that look alike, side by side: waits do for most of a window, and one rectangle costs less than hundreds. */
class Run {
  private first = 0
  private after = 0
  private bottom = 0
  private part = 0

  constructor(private readonly context: CanvasRenderingContext2D, private readonly edge: Float64Array) {}

  add(column: number, bottom: number, part: number): void {
    if (column !== this.after || bottom !== this.bottom || part !== this.part) {
      this.end()
      this.first = column
      this.bottom = bottom
      this.part = part
    }
    this.after = column + 1
  }

  end(): void {
    const left = this.edge[this.first]!
    const wide = this.edge[this.after]! - left
    if (this.part > 0 && wide > 0) this.context.fillRect(left, this.bottom - this.part, wide, this.part)
  }
}

function sums(cells: number[][], columns: number, from: number, to: number): Float64Array {
  const all = new Float64Array(columns)
  for (const values of cells.slice(from, to)) for (let column = 0; column < values.length; column += 1) all[column]! += values[column]!
  return all
}

function row(context: CanvasRenderingContext2D, { timeline, window, theme, px, ratio }: Scene, line: Line & { kind: 'row' }, y: number): void {
  const { from_ns, ns, state, merged } = line.row
  for (let at = 0; at < from_ns.length; at += 1) {
    const from = timeline.from_s + from_ns[at]! / 1e9
    const x = snapped(xOf(from, window, px), ratio)
    const wide = snapped(xOf(from + ns[at]! / 1e9, window, px), ratio) - x
    if (x > px || x + wide < LABEL_PX) continue
    const several = merged[at]! > 1
    const thin = state[at]! >= ACTIVE
    context.fillStyle = theme.fills[state[at]!]!
    context.globalAlpha = several ? 0.7 : 1
    context.fillRect(x, y + (thin ? 5 : 2), Math.max(1 / ratio, wide - (wide > 4 ? 1 / ratio : 0)), line.high - (thin ? 9 : 4))
  }
  context.globalAlpha = 1
}

function label(context: CanvasRenderingContext2D, scene: Scene, line: Line, y: number, letter: number): void {
  const { theme, words } = scene
  const write = (text: string, indent: number, colour: string): void => {
    context.fillStyle = colour
    context.fillText(fitted(text, Math.floor((LABEL_PX - indent - 8) / letter)), indent, y + line.high / 2)
  }
  if (line.kind === 'stops') write(words.stops, 10, theme.text)
  else if (line.kind === 'procs') write(words.procs, 10, theme.text)
  else if (line.kind === 'row') write(`#${line.row.goroutine}`, 34, theme.dim)
  else if (line.kind === 'more') write(words.more(line.lane), 34, theme.dim)
  else {
    write(nameOf(line.lane, words), 24, line.lane.system ? theme.dim : theme.text)
    turn(context, y + line.high / 2, line.open)
  }
}

/** A triangle that says whether a group is open: as a letter it would have to be looked for in all fonts. */
function turn(context: CanvasRenderingContext2D, middle: number, open: boolean): void {
  context.beginPath()
  if (open) {
    context.moveTo(9, middle - 2)
    context.lineTo(17, middle - 2)
    context.lineTo(13, middle + 3)
  } else {
    context.moveTo(11, middle - 4)
    context.lineTo(16, middle)
    context.lineTo(11, middle + 4)
  }
  context.fill()
}

/** A group's name: the function it starts in. */
export function nameOf(lane: TimelineLane, words: { unknown: string; others: string }): string {
  return lane.entry ? tailOf(lane.entry.func) : lane.groups > 1 ? words.others : words.unknown
}

function axis(context: CanvasRenderingContext2D, { theme, px, high, ticks, window }: Scene): void {
  for (const tick of ticks) {
    const x = xOf(tick.at, window, px)
    context.fillStyle = theme.line
    context.fillRect(x, AXIS_PX - 5, 1, high)
    context.fillStyle = theme.dim
    context.fillText(tick.text, x + 4, AXIS_PX / 2)
  }
  context.fillStyle = theme.line
  context.fillRect(0, AXIS_PX - 1, px, 1)
  context.fillRect(LABEL_PX - 1, 0, 1, high)
}
