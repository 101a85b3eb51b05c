import { describe, expect, test } from 'vitest'
import { coloursOf } from '../../src/flame/colour.ts'
import { DARK, LIGHT } from '../../src/flame/colour.ts'
import { ancestors, besideRow, flameOf, flameTree, openRows, rowAt, rowKey, rowOf, runMatches, searchTree, selfOf, visibleRects, type View } from '../../src/flame/layout.ts'
import { incident, random, wideFlame } from '../incident.ts'

// all 100: a 60 (b 40 (c 40), d 5), a2 30, one unit each e0…e9
const SMALL = flameTree({
  unit: 'goroutines',
  names: ['all', 'a', 'b', 'c', 'd', 'a2', 'e'],
  name: [0, 1, 2, 3, 4, 5, ...Array<number>(10).fill(6)],
  depth: [0, 1, 2, 3, 2, 1, ...Array<number>(10).fill(1)],
  start: [0, 0, 0, 0, 40, 60, ...Array.from({ length: 10 }, (_, at) => 90 + at)],
  total: [100, 60, 40, 40, 5, 30, ...Array<number>(10).fill(1)],
  folded_rows: 0,
  folded_total: 0,
})

const whole = (px: number): View => ({ from: 0, span: 100, px, firstLevel: 0, lastLevel: 9 })

function drawn(view: View): string[] {
  const rects = visibleRects(SMALL, view)
  return Array.from({ length: rects.count }, (_, at) => `${rects.level[at]}:${rects.row[at]}×${rects.merged[at]} ${rects.x[at]!.toFixed(1)}+${rects.width[at]!.toFixed(1)}`)
}

describe('columns to rectangles', () => {
  test('wide rows stand alone and narrow neighbours become one', () => {
    expect(drawn(whole(100))).toEqual(['0:0×1 0.0+100.0', '1:1×1 0.0+60.0', '1:5×1 60.0+30.0', '1:6×2 90.0+2.0', '1:8×2 92.0+2.0', '1:10×2 94.0+2.0', '1:12×2 96.0+2.0', '1:14×2 98.0+2.0', '2:2×1 0.0+40.0', '2:4×1 40.0+5.0', '3:3×1 0.0+40.0'])
  })

  test('a zoomed view clips at its edges and draws nothing outside', () => {
    expect(drawn({ from: 60, span: 30, px: 300, firstLevel: 0, lastLevel: 9 })).toEqual(['0:0×1 0.0+300.0', '1:5×1 0.0+300.0'])
  })

  test('only levels in sight are laid out', () => {
    expect(drawn({ ...whole(100), firstLevel: 2, lastLevel: 2 })).toEqual(['2:2×1 0.0+40.0', '2:4×1 40.0+5.0'])
  })

  test('any view of a big tree covers each row once, without overlap, in few rectangles', () => {
    const tree = flameTree(wideFlame(100_000))
    expect(tree.name.length).toBe(100_000)
    const next = random(11)
    for (let round = 0; round < 20; round += 1) {
      const from = round === 0 ? 0 : next() * tree.extent * 0.9
      const span = round === 0 ? tree.extent : Math.max(1, next() ** 4 * (tree.extent - from))
      const rects = visibleRects(tree, { from, span, px: 1200, firstLevel: 0, lastLevel: tree.levels.length - 1 })
      expect(rects.count).toBeLessThan(tree.levels.length * 1700)
      const seen = tree.levels.map(() => 0)
      for (let at = 0; at < rects.count; at += 1) {
        seen[rects.level[at]!]! += rects.merged[at]!
        if (at > 0 && rects.level[at] === rects.level[at - 1]) expect(rects.x[at]!).toBeGreaterThanOrEqual(rects.x[at - 1]! + rects.width[at - 1]! - 0.01)
      }
      for (const [level, rows] of tree.levels.entries()) {
        const inside = rows.filter((row) => tree.start[row]! < from + span && tree.start[row]! + tree.total[row]! > from).length
        expect(seen[level]).toBeGreaterThanOrEqual(inside)
        expect(seen[level]! - inside).toBeLessThanOrEqual(rows.length - inside)
        if (round === 0) expect(seen[level]).toBe(rows.length)
      }
    }
  })
})

describe('moving about', () => {
  test('the row under a point', () => {
    expect([rowAt(SMALL, 1, 10), rowAt(SMALL, 1, 60), rowAt(SMALL, 1, 95.5), rowAt(SMALL, 2, 50), rowAt(SMALL, 9, 1)]).toEqual([1, 5, 11, -1, -1])
  })

  test('neighbours stay inside the zoomed row', () => {
    expect([besideRow(SMALL, 1, 1, 0), besideRow(SMALL, 1, -1, 0), besideRow(SMALL, 2, 1, 1), besideRow(SMALL, 4, 1, 1)]).toEqual([5, 1, 4, 4])
  })

  test('a key finds its row again, in any other tree that holds the same path', () => {
    const tree = flameTree(flameOf(incident().snapshot!.clusters, 'all goroutines'))
    const keys = new Set<string>()
    for (let row = 0; row < tree.name.length; row += 1) {
      keys.add(rowKey(tree, row))
      expect(rowOf(tree, rowKey(tree, row))).toBe(row)
    }
    expect(keys.size).toBe(tree.name.length)
    const fewer = flameTree(flameOf(incident().snapshot!.clusters.slice(0, 3), 'all goroutines'))
    for (let row = 0; row < fewer.name.length; row += 1) {
      const same = rowOf(tree, rowKey(fewer, row))
      expect(ancestors(tree, same).map((up) => tree.names[tree.name[up]!])).toEqual(ancestors(fewer, row).map((up) => fewer.names[fewer.name[up]!]))
    }
    expect([rowOf(tree, undefined), rowOf(tree, 'zz'), rowOf(tree, '0000000000000000')]).toEqual([-1, -1, -1])
  })

  test('paths, own weight and open rows', () => {
    expect(ancestors(SMALL, 3)).toEqual([0, 1, 2])
    expect([selfOf(SMALL, 0), selfOf(SMALL, 1), selfOf(SMALL, 3)]).toEqual([0, 15, 40])
    expect(openRows(SMALL, () => true)).toHaveLength(16)
    expect(openRows(SMALL, (row) => row === 0)).toEqual([0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(openRows(SMALL, (row) => row <= 1)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  })
})

describe('search', () => {
  test('nested matches count once', () => {
    const found = searchTree(SMALL, ' A ')
    expect([found?.rows, found?.total]).toEqual([3, 100])
    expect(searchTree(SMALL, 'E')?.total).toBe(10)
    expect(searchTree(SMALL, '  ')).toBeNull()
  })

  test('a merged run matches when any of its rows does', () => {
    const rects = visibleRects(SMALL, whole(20))
    const matches = searchTree(SMALL, 'e')!
    const states = Array.from({ length: rects.count }, (_, at) => runMatches(SMALL, rects, at, matches))
    expect(states.filter(Boolean).length).toBeGreaterThan(0)
    expect(states[0]).toBe(false)
  })
})

test('the tree of clusters keeps every goroutine', () => {
  const { snapshot } = incident()
  const tree = flameTree(flameOf(snapshot!.clusters, 'all goroutines'))
  expect(tree.extent).toBe(snapshot!.goroutines)
  for (let row = 0; row < tree.name.length; row += 1) expect(selfOf(tree, row)).toBeGreaterThanOrEqual(0)
  const ends = Array.from({ length: tree.name.length }, (_, row) => selfOf(tree, row)).reduce((sum, self) => sum + self, 0)
  expect(ends).toBe(snapshot!.goroutines)
})

test('text on every fill keeps a contrast of 4.5', () => {
  const luminance = (hex: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const contrast = (a: string, b: string): number => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (high! + 0.05) / (low! + 0.05)
  }
  for (const theme of [LIGHT, DARK]) {
    for (const fill of theme.fills) expect(contrast(fill, theme.text)).toBeGreaterThan(4.5)
    expect(contrast(theme.fills.at(-1)!, theme.dimText)).toBeGreaterThan(4.5)
  }
})

test('packages get colours by weight, runtime and standard library do not', () => {
  const tree = flameTree(flameOf(incident().snapshot!.clusters, 'all goroutines'))
  const colours = coloursOf(tree, new Map())
  expect(colours.legend[0]).toEqual({ label: 'github.com/acme/orders/internal/pay', kind: 'package', colour: 0 })
  const of = (name: string): number => colours.ofName[tree.names.indexOf(name)]!
  expect(of('net/http.(*conn).serve')).toBe(8)
  expect(of('[chan receive]')).toBe(9)
  expect(of('github.com/acme/orders/internal/pay.(*Client).watch')).toBe(0)
})
