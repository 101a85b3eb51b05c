// Trees of profiles: comparisons, callers and callees, functions, packed columns.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Envelope, Flame } from '../../src/envelope.ts'
import { CHANGE_STEPS, changeColour, coloursOf, DARK, LIGHT } from '../../src/flame/colour.ts'
import { functionsOfReport, functionsOfTree, listed } from '../../src/flame/functions.ts'
import { flameTree, nameOf, rectAt, rowAt, runWeights, selfOf, visibleRects, type FlameTree } from '../../src/flame/layout.ts'
import { sandwich } from '../../src/flame/merge.ts'
import { columnsOf, keep, ready } from '../../src/flame/packed.ts'
import { heatColour } from '../../src/parts/heat.ts'
import { random, wideFlame } from '../incident.ts'

// all 10 (before 8): a 6 (8): b 4 (2), c 2 (0), d 0 (6): e 0 (6); f 4 (0): b 1 (0)
const CHANGED: Flame = {
  unit: 'nanoseconds',
  names: ['all', 'a', 'b', 'c', 'd', 'e', 'f'],
  name: [0, 1, 2, 3, 4, 5, 6, 2],
  depth: [0, 1, 2, 2, 2, 3, 1, 2],
  start: [0, 0, 0, 4, 6, 6, 6, 6],
  total: [10, 6, 4, 2, 0, 0, 4, 1],
  before: [8, 8, 2, 0, 6, 6, 0, 0],
  inlined: [2, 7],
  folded_rows: 0,
  folded_total: 0,
}

describe('comparisons', () => {
  test('either side can be laid out; rows of no weight take no room', () => {
    const after = flameTree(CHANGED)
    const before = flameTree(CHANGED, 'before')
    expect([...after.inlined]).toEqual([0, 0, 1, 0, 0, 0, 0, 1])
    expect([before.extent, ...before.start]).toEqual([8, 0, 0, 0, 2, 2, 2, 8, 8])
    const drawn = (tree: FlameTree): string[] => {
      const rects = visibleRects(tree, { from: 0, span: tree.extent, px: 800, firstLevel: 0, lastLevel: 9 })
      return Array.from({ length: rects.count }, (_, at) => nameOf(tree, rects.row[at]!))
    }
    expect(drawn(after)).toEqual(['all', 'a', 'f', 'b', 'c', 'b'])
    expect(drawn(before)).toEqual(['all', 'a', 'b', 'd', 'e'])
  })

  test('colours follow shares or totals, blue for less and orange for more', () => {
    const shares = { after: 10, before: 8 }
    expect(changeColour(10, 8, shares)).toBe(3)
    expect(changeColour(10, 8, { after: 1, before: 1 })).toBe(5)
    expect([changeColour(1, 0, shares), changeColour(0, 1, shares), changeColour(0, 0, shares)]).toEqual([6, 0, 3])
    const ratios = [0.4, 0.7, 0.9, 1, 1.1, 1.5, 2.5]
    expect(ratios.map((ratio) => changeColour(ratio, 1, { after: 1, before: 1 }))).toEqual([0, 1, 2, 3, 4, 5, 6])
    for (const theme of [LIGHT, DARK]) expect(theme.changes).toHaveLength(2 * CHANGE_STEPS.length + 1)
  })

  test('a rectangle of many rows is the sum of them', () => {
    const tree = flameTree(CHANGED)
    const rects = visibleRects(tree, { from: 0, span: 10, px: 2, firstLevel: 2, lastLevel: 2 })
    const sums = Array.from({ length: rects.count }, (_, at) => runWeights(tree, tree.compared!, rects, at))
    expect(sums.reduce((sum, [after]) => sum + after, 0)).toBe(7)
  })
})

test('the rectangle under a pixel is the one that is drawn there', () => {
  const tree = flameTree(wideFlame(20_000))
  const view = { from: tree.extent * 0.2, span: tree.extent * 0.3, px: 900, firstLevel: 3, lastLevel: 20 }
  const rects = visibleRects(tree, view)
  const next = random(5)
  for (let round = 0; round < 2000; round += 1) {
    const [level, x] = [Math.floor(next() * 24), next() * 900]
    let expected = -1
    for (let at = 0; at < rects.count; at += 1) if (rects.level[at] === level && x >= rects.x[at]! && x < rects.x[at]! + rects.width[at]!) expected = at
    const found = rectAt(rects, level, x)
    expect(found).toBe(expected)
    if (found >= 0 && rects.merged[found] === 1) expect(rowAt(tree, level, view.from + (x / 900) * view.span)).toBe(rects.row[found])
  }
})

describe('callers and callees', () => {
  const paths = (tree: FlameTree): string[] =>
    Array.from(tree.name, (_, row) => {
      const names: string[] = []
      for (let at = row; at >= 0; at = tree.parent[at]!) names.unshift(nameOf(tree, at))
      return `${names.join('<')} ${tree.total[row]}`
    })

  test('of one function', () => {
    const { callers, callees, places } = sandwich(flameTree(CHANGED), 2)
    expect(paths(callers)).toEqual(['b 5', 'b<a 4', 'b<a<all 4', 'b<f 1', 'b<f<all 1'])
    expect(paths(callees)).toEqual(['b 5'])
    expect([places, callers.compared!.before[0]]).toEqual([2, 2])
  })

  test('of every function of a big tree add up to what the function costs', () => {
    const tree = flameTree(wideFlame(30_000))
    const costs = new Map(functionsOfTree(tree).map((row) => [row.func, row.cum]))
    for (const name of [1, 17, 400, 2500, 4999]) {
      const func = tree.names[name]!
      const { callers, callees } = sandwich(tree, name)
      for (const part of [callers, callees]) {
        expect(part.total[0] ?? 0).toBe(costs.get(func) ?? 0)
        for (let row = 0; row < part.name.length; row += 1) expect(selfOf(part, row)).toBeGreaterThanOrEqual(0)
      }
      // Each caller passes on all it has; whatever no caller is above of ends at the root of the whole tree.
      expect(callers.extent).toBe(callers.total[0])
    }
  })
})

describe('functions', () => {
  test('recursion counts once and a state belongs to its caller', () => {
    const tree = flameTree({ unit: 'count', names: ['all', 'f', 'g', '[select]'], name: [0, 1, 2, 1, 3], depth: [0, 1, 2, 3, 4], start: [0, 0, 0, 0, 0], total: [9, 9, 7, 5, 4], folded_rows: 0, folded_total: 0 })
    expect(functionsOfTree(tree).map((row) => [row.func, row.flat, row.cum])).toEqual([['f', 7, 9], ['g', 2, 7]])
  })

  test('sorted and searched', () => {
    const rows = functionsOfReport([
      { func: 'main.b', file: '/x/b.go', line: 1, flat: 5, cum: 5 },
      { func: 'main.a', file: '/x/a.go', line: 1, flat: 0, cum: 9 },
      { func: 'main.c', file: '/y/c.go', line: 1, flat: -7, cum: -7 },
    ])
    const names = (...args: [string, 'flat' | 'cum' | 'name' | 'change', boolean]): string => listed(rows, ...args).map((row) => row.func.at(-1)).join('')
    expect([names('', 'flat', false), names('', 'flat', true), names('', 'cum', false), names('', 'name', true), names('/X/', 'name', true)]).toEqual(['cba', 'abc', 'acb', 'abc', 'ab'])
  })

  test.each(['heap', 'cpu', 'block'])('flat and cum of a recorded %s profile are those of its tree', (name) => {
    const recorded = JSON.parse(readFileSync(new URL(`../profiles/${name}.json`, import.meta.url), 'utf8')) as Envelope
    for (const type of recorded.profile!.types) {
      const tree = flameTree(type.flame!)
      const ofTree = new Map(functionsOfTree(tree).map((row) => [row.func, row]))
      expect(tree.extent).toBe(type.total)
      expect(type.top.length).toBe(type.functions)
      for (const row of type.top) expect([row.func, ofTree.get(row.func)?.flat, ofTree.get(row.func)?.cum]).toEqual([row.func, row.flat, row.cum])
    }
  })
})

describe('packed columns', () => {
  const varints = (...values: number[]): number[] => values.flatMap((value) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]))

  test('are read as they were written', async () => {
    const bytes = Uint8Array.from([...varints(3, 1, 1), ...varints(0, 300, 2), ...varints(0, 2, 0), ...varints(500, 400, 100), ...varints(0, 0, 2), ...varints(7, 8, 9), ...varints(2)])
    const columns = columnsOf(bytes)
    expect([[...(columns.name as Uint32Array)], [...(columns.depth as Uint16Array)], [...(columns.total as Float64Array)], [...(columns.start as Float64Array)], [...(columns.before as Float64Array)], [...(columns.inlined as Uint32Array)]]).toEqual([
      [0, 300, 2], [0, 1, 1], [500, 400, 100], [0, 0, 401], [7, 8, 9], [2],
    ])
    const envelope = { profile: { types: [{ flame: { unit: 'count', names: [], name: [], depth: [], start: [], total: [], folded_rows: 0, folded_total: 0 } }] } } as unknown as Envelope
    keep(envelope, { '/profile/types/0/flame': gzipSync(bytes).toString('base64') })
    const flame = envelope.profile!.types[0]!.flame!
    await ready(flame)
    expect([flameTree(flame).total[1], ready(flame)]).toEqual([400, undefined])
  })

  test('that are cut or claim too much are refused', () => {
    expect(() => columnsOf(Uint8Array.from(varints(3, 0, 0, 1, 2)))).toThrow(/claims 3 rows/)
    expect(() => columnsOf(Uint8Array.from([...varints(1, 0, 0, 1, 0, 5)]))).toThrow(/ends at byte 6/)
    expect(() => keep({} as Envelope, { '/flame': '' })).toThrow(/does not have/)
  })
})

test('colours of packages stay when a tree is laid out by its other side', () => {
  const tree = (side: 'after' | 'before'): FlameTree => flameTree({ ...CHANGED, names: ['all', 'main.a', 'main.b', 'main.c', 'x/y.d', 'x/y.e', 'main.f'] }, side)
  expect(coloursOf(tree('after'), new Map()).legend.length).toBe(3)
  expect(coloursOf(tree('before'), new Map()).ofName.length).toBe(7)
})

test('heat of amounts and of changes', () => {
  expect([0, 1, 5, 10].map((value) => heatColour(value, 10, 'amount'))).toEqual([3, 4, 6, 6])
  expect([-10, -1, 0, 1, 10].map((value) => heatColour(value, 10, 'change'))).toEqual([0, 2, 3, 4, 6])
  expect(heatColour(5, 0, 'amount')).toBe(3)
})
