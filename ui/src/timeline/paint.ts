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

/** Left edges of columns, one more than there are. */
function edges({ timeline, window, px }: Scene): (at: number) => number {
  const last = xOf(timeline.to_s, window, px)
  return (at) => Math.min(last, xOf(timeline.from_s + at * timeline.step_s, window, px))
}

function procs(context: CanvasRenderingContext2D, scene: Scene, y: number): void {
  for (const [at, proc] of scene.timeline.procs.entries()) {
    const busy = new Stretches()
    for (const [column, share] of proc.busy.entries()) {
      const high = Math.max(1, (6 * share) / 1000)
      if (share > 0) busy.add(column, y + 2 + 7 * at + 6 - high, high)
    }
    busy.fill(context, scene.theme.fills[0]!, edges(scene))
  }
}

function lane(context: CanvasRenderingContext2D, scene: Scene, { cells }: TimelineLane, y: number, high: number): void {
  const columns = Math.max(0, ...cells.map((state) => state.length))
  const edge = edges(scene)
  const tall = high - WAITS_PX - 4
  let most = 1
  for (let column = 0; column < columns; column += 1) most = Math.max(most, sum(cells, column, 0, ACTIVE))
  const activeBottom = y + 2 + tall
  const stretches = cells.map(() => new Stretches())
  for (let column = 0; column < columns; column += 1) {
    let bottom = activeBottom
    for (let state = 0; state < ACTIVE; state += 1) {
      const value = cells[state]?.[column] ?? 0
      if (value === 0) continue
      const part = Math.max(0.5, (tall * value) / most)
      stretches[state]!.add(column, bottom - part, part)
      bottom -= part
    }
    const waiting = sum(cells, column, ACTIVE, cells.length)
    let from = activeBottom + 1
    for (let state = ACTIVE; waiting > 0 && state < cells.length; state += 1) {
      const part = (WAITS_PX * (cells[state]?.[column] ?? 0)) / waiting
      if (part === 0) continue
      stretches[state]!.add(column, from, part)
      from += part
    }
  }
  for (const [state, stretch] of stretches.entries()) stretch.fill(context, scene.theme.fills[state]!, edge)
}

/** Columns that look alike, side by side: waits do for most of a window, and one rectangle costs less than hundreds. */
class Stretches {
  /** First and last column, top and height. */
  private readonly all: [number, number, number, number][] = []

  add(column: number, top: number, part: number): void {
    const last = this.all.at(-1)
    if (last && last[1] === column - 1 && last[2] === top && last[3] === part) last[1] = column
    else this.all.push([column, column, top, part])
  }

  fill(context: CanvasRenderingContext2D, style: string, edge: (at: number) => number): void {
    context.fillStyle = style
    for (const [first, last, top, part] of this.all) context.fillRect(edge(first), top, edge(last + 1) - edge(first), part)
  }
}

function sum(cells: number[][], column: number, from: number, to: number): number {
  let all = 0
  for (let state = from; state < to; state += 1) all += cells[state]?.[column] ?? 0
  return all
}

function row(context: CanvasRenderingContext2D, { timeline, window, theme, px }: Scene, line: Line & { kind: 'row' }, y: number): void {
  const { from_ns, ns, state, merged } = line.row
  for (let at = 0; at < from_ns.length; at += 1) {
    const from = timeline.from_s + from_ns[at]! / 1e9
    const x = xOf(from, window, px)
    const wide = xOf(from + ns[at]! / 1e9, window, px) - x
    if (x > px || x + wide < LABEL_PX) continue
    const several = merged[at]! > 1
    const thin = state[at]! >= ACTIVE
    context.fillStyle = theme.fills[state[at]!]!
    context.globalAlpha = several ? 0.7 : 1
    context.fillRect(x, y + (thin ? 5 : 2), Math.max(0.5, wide - (wide > 4 ? 0.5 : 0)), line.high - (thin ? 9 : 4))
  }
  context.globalAlpha = 1
}

function label(context: CanvasRenderingContext2D, scene: Scene, line: Line, y: number, letter: number): void {
  const { theme, words } = scene
  const write = (text: string, indent: number, colour: string, mark = ''): void => {
    context.fillStyle = colour
    context.fillText(mark + fitted(text, Math.floor((LABEL_PX - indent - 8) / letter) - mark.length), indent, y + line.high / 2)
  }
  if (line.kind === 'stops') write(words.stops, 10, theme.text)
  else if (line.kind === 'procs') write(words.procs, 10, theme.text)
  else if (line.kind === 'row') write(`#${line.row.goroutine}`, 34, theme.dim)
  else if (line.kind === 'more') write(words.more(line.lane), 34, theme.dim)
  else write(nameOf(line.lane, words), 10, line.lane.system ? theme.dim : theme.text, line.open ? '▾ ' : '▸ ')
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
