// The window of a timeline: zoom, movement, the address, and what stands at a time.
import { expect, test } from 'vitest'
import type { Timeline } from '../../src/envelope.ts'
import { LIGHT } from '../../src/timeline/colour.ts'
import { LABEL_PX, paint } from '../../src/timeline/paint.ts'
import { clamped, isEnough, linesOf, matching, panned, readChosen, readWindow, spanAt, ticks, writeChosen, writeWindow, zoomed } from '../../src/timeline/window.ts'

test('zooming keeps the time under the cursor in its place and stays inside the trace', () => {
  const near = zoomed({ from: 2, to: 6 }, 0.5, 0.25, 10)
  expect(near).toEqual({ from: 2.5, to: 4.5 })
  expect(near.from + 0.25 * (near.to - near.from)).toBe(2 + 0.25 * 4)
  expect(zoomed({ from: 2, to: 6 }, 100, 0.5, 10)).toEqual({ from: 0, to: 10 })
  expect(zoomed({ from: 9, to: 10 }, 2, 1, 10)).toEqual({ from: 8, to: 10 })
})

test('moving stops at the ends with the width kept', () => {
  expect(panned({ from: 1, to: 3 }, -2, 10)).toEqual({ from: 0, to: 2 })
  expect(panned({ from: 7, to: 9 }, 2, 10)).toEqual({ from: 8, to: 10 })
  expect(clamped({ from: -5, to: 50 }, 10)).toEqual({ from: 0, to: 10 })
})

test('a window and a choice are read from the address as they were written', () => {
  const window = { from: 1.234567891, to: 1.234569 }
  expect(readWindow(writeWindow(window, 10), 10).from).toBeCloseTo(window.from, 9)
  expect(readWindow(writeWindow(window, 10), 10).to).toBeCloseTo(window.to, 9)
  expect(writeWindow({ from: 0, to: 10 }, 10)).toBe('')
  for (const damaged of ['', 'x-y', '5-2', '-', undefined]) expect(readWindow(damaged, 10)).toEqual({ from: 0, to: 10 })
  expect(readChosen(writeChosen({ goroutine: 17, at: 0.25 }))).toEqual({ goroutine: 17, at: 0.25 })
  for (const damaged of ['', '17', 'x@1', '0@1', '5@-1', undefined]) expect(readChosen(damaged)).toBeNull()
})

test('the span at a time is found, and none beside them', () => {
  const row = { goroutine: 1, from_ns: [0, 10, 30], ns: [10, 10, 5], state: [0, 1, 2], merged: [1, 1, 1] }
  expect([5, 15, 25, 32, 40].map((ns) => spanAt(row, ns))).toEqual([0, 1, -1, 2, -1])
  expect(spanAt({ goroutine: 1, from_ns: [], ns: [], state: [], merged: [] }, 5)).toBe(-1)
})

test('the axis has round times, no more than there is room for', () => {
  expect(ticks({ from: 0, to: 10 }, 5)).toEqual([0, 2, 4, 6, 8, 10])
  expect(ticks({ from: 0.0101, to: 0.0109 }, 8).length).toBeLessThanOrEqual(9)
})

test('a search keeps the groups whose functions hold the text, whatever its case', () => {
  const place = (func: string) => ({ func, file: '', line: 0 })
  const lanes = [{ entry: place('main.serve') }, { entry: place('main.work'), created_by: place('main.Serve') }, {}]
  const timeline = { lanes } as unknown as Timeline
  expect(matching(timeline, ' ')).toBe(timeline)
  expect(matching(timeline, 'SERVE').lanes).toEqual(lanes.slice(0, 2))
  expect(matching(timeline, 'main.w').lanes).toEqual([lanes[1]])
})

test('the whole trace is asked for where more of it is known than its own columns show', () => {
  const whole = { span_s: 10, from_s: 0, to_s: 10, step_s: 0.02, close_s: 1 } as Timeline
  expect(isEnough(whole, { from: 0, to: 10 }, 500)).toBe(true)
  expect(isEnough(whole, { from: 0, to: 10 }, 2000)).toBe(false)
  expect(isEnough(whole, { from: 0, to: 9 }, 500)).toBe(false)
  expect(isEnough({ ...whole, close_s: 10 }, { from: 0, to: 10 }, 500)).toBe(false)
})

/** The rectangles of one colour that a lane's cells are drawn as, on a plot of 100 pixels for 10 columns. */
function rectangles(cells: number[][], fill: string, from = 0): number[][] {
  const rectangles: number[][] = []
  const ignored = (): void => undefined
  const context = {
    fillStyle: '',
    ...Object.fromEntries(['save', 'restore', 'beginPath', 'rect', 'clip', 'fillText', 'moveTo', 'lineTo', 'fill'].map((name) => [name, ignored])),
    measureText: () => ({ width: 7 }),
    fillRect(...rectangle: number[]) {
      if (this.fillStyle === fill) rectangles.push(rectangle)
    },
  }
  const timeline = { from_s: 0, to_s: 10, step_s: 1, close: true, lanes: [{ id: 1, groups: 1, cells }], procs: [], marking: [], stops: [] } as unknown as Timeline
  const words = { stops: '', procs: '', unknown: '', others: '', more: () => '' }
  const scene = { timeline, lines: linesOf(timeline, new Set()), window: { from, to: from + 10 }, theme: LIGHT, px: LABEL_PX + 100, high: 200, top: 0, ratio: 1, selected: '', ticks: [], words }
  paint(context as unknown as CanvasRenderingContext2D, scene)
  return rectangles
}

test('columns that look alike are one rectangle', () => {
  const running = [1000, 1000, 1000, 0, 0, 500, 500, 0, 0, 0]
  const [first, second, ...others] = rectangles([running], LIGHT.fills[0]!)
  expect(others).toEqual([])
  expect([first!, second!].map(([x, , wide, high]) => [x! - LABEL_PX, wide, high])).toEqual([[0, 30, 18], [50, 20, 9]])
})

test('states stand on each other, and all rectangles on whole pixels', () => {
  const [running, ready] = [[700, 0, 3, 0, 0, 0, 0, 0, 0, 0], [300, 1000, 997, 0, 0, 0, 0, 0, 0, 0]]
  const [below, above] = [rectangles([running, ready], LIGHT.fills[0]!, 0.123), rectangles([running, ready], LIGHT.fills[1]!, 0.123)]
  expect(below[0]![1]).toBe(above[0]![1]! + above[0]![3]!)
  // Little is shown all the same.
  expect(below[1]![3]).toBe(1)
  for (const number of [...below, ...above].flat()) expect(Number.isInteger(number)).toBe(true)
})

test('waits share the strip, whatever their sum', () => {
  const cells = [[], [], [], [300, 2000], [], [], [100, 0], [], []]
  const strips = [LIGHT.fills[3]!, LIGHT.fills[6]!].flatMap((fill) => rectangles(cells, fill))
  expect(strips.map(([x, , , high]) => [x! - LABEL_PX, high])).toEqual([[0, 6], [10, 8], [0, 2]])
  expect(strips[0]![1]! + strips[0]![3]!).toBe(strips[2]![1])
})
