// What a line of the timeline shows at a time, in words.
import type { Timeline, TimelineLane, TimelineState } from '../envelope.ts'
import { decimal } from '../figure.ts'
import { say, count } from '../say.svelte.ts'
import { nameOf } from './paint.ts'
import { spanAt, type Line } from './window.ts'

/** A time or a length, in the unit that suits it. */
export function time(seconds: number, lang: string): string {
  const size = Math.abs(seconds)
  if (size === 0) return '0'
  if (size < 1e-6) return `${decimal(seconds * 1e9, 0, lang)} ns`
  if (size < 1e-3) return `${decimal(seconds * 1e6, 3, lang)} µs`
  if (size < 1) return `${decimal(seconds * 1e3, 3, lang)} ms`
  return `${decimal(seconds, 6, lang)} s`
}

export function stateName(state: TimelineState): string {
  return say(`timeline.state_${state.replaceAll('-', '_') as TimelineState}`)
}

export function laneName(lane: TimelineLane): string {
  return nameOf(lane, { unknown: say('timeline.unknown'), others: say('timeline.others') })
}

/** Below the goroutines of an open group: how many more there are, or why there are none. */
export function moreText(lane: TimelineLane, timeline: Timeline): string {
  if (!timeline.close) return say('timeline.zoom_in')
  const hidden = lane.rows_hidden ?? 0
  return hidden > 0 ? say('timeline.more', { n: hidden }) : say('timeline.none_here')
}

/** The line at a time; before the window, of the whole trace. */
export function hint(timeline: Timeline, line: Line, at: number, lang: string): string {
  if (line.kind === 'stops') return collectorAt(timeline, at, lang)
  if (line.kind === 'procs') return say('timeline.procs_busy', { n: decimal(sumAt(timeline, timeline.procs.map((proc) => proc.busy), at), 2, lang), time: time(at, lang) })
  if (line.kind === 'more') return moreText(line.lane, timeline)
  if (line.kind === 'row') {
    const { row } = line
    const span = spanAt(row, Math.round((at - timeline.from_s) * 1e9))
    if (span < 0) return `#${row.goroutine}`
    const parts = [`#${row.goroutine}`, stateName(timeline.states[row.state[span]!]!), time(row.ns[span]! / 1e9, lang)]
    if (row.merged[span]! > 1) parts.push(say('timeline.merged', { n: row.merged[span]! }))
    return parts.join(' · ')
  }
  const parts = [laneName(line.lane), count('goroutines', line.lane.goroutines)]
  const column = columnAt(timeline, at)
  for (const [state, name] of timeline.states.entries()) {
    const value = at < 0 ? 0 : (line.lane.cells[state]?.[column] ?? 0)
    if (value > 0) parts.push(`${stateName(name)} ${decimal(value / 1000, 3, lang)}`)
  }
  if (at < 0 && line.lane.created_by) parts.push(`${line.lane.created_by.func}:${line.lane.created_by.line}`)
  return parts.join(' · ')
}

function collectorAt(timeline: Timeline, at: number, lang: string): string {
  const parts = []
  if (timeline.marking.some(([from, to]) => from! <= at && at <= to!)) parts.push(say('timeline.marking'))
  const near = timeline.stops.find((stop) => Math.abs(stop.at_s + stop.pause_s / 2 - at) <= stop.pause_s / 2 + 2 * timeline.step_s)
  if (near) parts.push(say('timeline.stopped', { kind: near.kind, time: time(near.pause_s, lang), n: near.count }))
  return parts.join(' · ')
}

function columnAt(timeline: Timeline, at: number): number {
  return Math.floor((at - timeline.from_s) / timeline.step_s)
}

function sumAt(timeline: Timeline, columns: number[][], at: number): number {
  const column = columnAt(timeline, at)
  return columns.reduce((sum, values) => sum + (values[column] ?? 0), 0) / 1000
}
