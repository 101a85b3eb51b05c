import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Envelope, WaitGraph } from '../../src/envelope.ts'
import { columnsOf, headFit, tailFit } from '../../src/graph/fit.ts'
import { layout, spread, type Knot, type Line, type Plan, type Size } from '../../src/graph/layout.ts'
import { picture } from '../../src/graph/picture.ts'
import { allRows, rowsOf, SORTS, type RowsView } from '../../src/graph/rows.ts'
import { walk } from '../../src/graph/walk.ts'
import { crowd } from '../crowd.ts'
import { random } from '../incident.ts'

const SIZE: Size = { width: 240, height: 48, across: 90, down: 14, room: 1280 }
const recorded = JSON.parse(readFileSync(new URL('../data/live-graph.json', import.meta.url), 'utf8')) as Envelope
const graphs: [string, WaitGraph][] = [
  ['a real process', recorded.graph!],
  ['2,000 objects', crowd(2000).graph!],
]

function overlaps(plan: Plan, size: Size): string[] {
  const boxes = [...plan.boxes]
  return boxes.flatMap(([a, one], at) =>
    boxes.slice(at + 1).flatMap(([b, other]) => (Math.abs(one.x - other.x) < size.width && Math.abs(one.y - other.y) < size.height ? [`${a} ${b}`] : [])),
  )
}

/** Knots of two kinds, and lines from each kind to the other as waits and holders are. */
function odd(seed: number): { knots: Knot[]; lines: Line[] } {
  const next = random(seed)
  const knots = Array.from({ length: 2 + Math.floor(next() * 58) }, (_, at): Knot => ({ id: `${at % 2 ? 'o' : 'g'}${at}`, starts: at % 2 === 0 }))
  const pick = (odd: number): string => knots[Math.floor((next() * (knots.length - odd)) / 2) * 2 + odd]?.id ?? knots[odd]!.id
  const lines = Array.from({ length: Math.floor(next() * 150) }, (): Line => (next() < 0.6 ? { from: pick(0), to: pick(1) } : { from: pick(1), to: pick(0) }))
  return { knots, lines }
}

describe('layout', () => {
  test('nothing overlaps, all is inside, and the same graph gives the same picture', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const { knots, lines } = odd(seed)
      const size = { ...SIZE, room: 300 + ((seed * 97) % 1500) }
      const plan = layout(knots, lines, size)
      expect(plan.boxes.size).toBe(knots.length)
      expect(overlaps(plan, size)).toEqual([])
      const outside = [...plan.boxes.values()].filter((box) => box.x < 0 || box.y < 0 || box.x + size.width > plan.width || box.y + size.height > plan.height)
      expect(outside).toEqual([])
      expect(plan.paths.length).toBe(lines.length)
      expect(plan.paths.filter((path) => !/^M[\d. -]+([CHVq][\d. -]+)+$/.test(path))).toEqual([])
      expect(layout(knots, lines, size)).toEqual(plan)
    }
  })

  test('lines begin and end at the sides of their boxes', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { knots, lines } = odd(seed)
      const plan = layout(knots, lines, SIZE)
      const wrong = lines.filter((line, at) => {
        const [from, to] = [plan.boxes.get(line.from)!, plan.boxes.get(line.to)!]
        const [x, y] = plan.paths[at]!.slice(1).split(/[A-Z]/)[0]!.split(' ').map(Number)
        const last = /(?:H([\d.-]+)|C.* ([\d.-]+) [\d.-]+)$/.exec(plan.paths[at]!.replace(/.*(?=[CH])/, ''))!
        return x !== from.x + SIZE.width || y! <= from.y || y! >= from.y + SIZE.height || Math.abs(Number(last[1] ?? last[2]) - to.x) > 0.2
      })
      expect(wrong).toEqual([])
    }
  })

  test('who waits stands left of what is waited on, unless that closes a ring', () => {
    const plan = layout(
      [{ id: 'g1', starts: true }, { id: 'o1', starts: false }, { id: 'g2', starts: true }, { id: 'o2', starts: false }],
      [{ from: 'g1', to: 'o1' }, { from: 'o1', to: 'g2' }, { from: 'g2', to: 'o2' }, { from: 'o2', to: 'g1' }],
      SIZE,
    )
    expect(['g1', 'o1', 'g2', 'o2'].map((id) => plan.boxes.get(id)!.column)).toEqual([0, 1, 2, 3])
    expect(plan.paths[3]).toContain('q')
  })

  test('places nearest to those wished for keep order and distance', () => {
    expect(spread([10, 10, 10], [0, 0, 0])).toEqual([-10, 0, 10])
    expect(spread([10, 10, 10], [0, 50, 51])).toEqual([0, 45.5, 55.5])
    expect(spread([], [])).toEqual([])
  })
})

describe.each(graphs)('%s', (_name, graph) => {
  const drawn = picture(graph)

  test('the picture holds each node once, at most sixty, and each wait', () => {
    expect(drawn.nodes.length).toBe(graph.groups.length + graph.objects.length)
    expect(drawn.nodes.length).toBeLessThanOrEqual(60)
    expect(new Set(drawn.nodes.map((node) => node.id)).size).toBe(drawn.nodes.length)
    expect(drawn.edges.filter((edge) => edge.wait).map((edge) => edge.wait)).toEqual(graph.waits)
    expect(drawn.edges.length).toBeGreaterThan(graph.waits.length)
    const plan = layout(drawn.nodes.map((node) => ({ id: node.id, starts: node.group !== undefined })), drawn.edges, SIZE)
    expect(overlaps(plan, SIZE)).toEqual([])
  })

  test('every step of a ring is marked', () => {
    expect(graph.cycles.length).toBeGreaterThan(0)
    for (const step of graph.cycles.flatMap((cycle) => cycle.steps)) {
      expect(drawn.byId.get(step.group!)?.ring).toBeDefined()
      expect(drawn.edges.find((edge) => edge.from === step.group && edge.to === step.object)?.ring).toBeDefined()
      expect(drawn.edges.some((edge) => edge.from === step.object && edge.ring)).toBe(true)
    }
  })

  test('arrow keys reach every node of a part, and lead somewhere or stay', () => {
    const plan = layout(drawn.nodes.map((node) => ({ id: node.id, starts: node.group !== undefined })), drawn.edges, SIZE)
    const reached = new Set([drawn.nodes[0]!.id])
    const queue = [...reached]
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const arrow of ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'] as const) {
        const to = walk(drawn, plan, id, arrow)
        if (!reached.has(to)) queue.push(to)
        reached.add(to)
      }
    }
    expect(reached.size).toBe(drawn.nodes.length)
  })

  test('rows shown and not shown add up in every view', () => {
    const rows = allRows(graph)
    const beyond = graph === recorded.graph ? 0 : crowd(2000).hidden.waits_not_listed!
    const waits = graph.waits.reduce((sum, wait) => sum + wait.count, 0)
    const next = random(7)
    for (let round = 0; round < 100; round += 1) {
      const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!
      const view: RowsView = { filter: pick(['', 'main', 'chan', 'receive mutex', 'no such']), sort: pick(SORTS), direction: pick(['asc', 'desc']), limit: pick([0, 1, 7, 100]) }
      const found = rowsOf(rows, beyond, view, (row) => `${row.group.at.func} ${row.group.state} ${row.object.kind}`.toLowerCase())
      const { sums } = found
      expect(sums.total).toBe(waits + beyond)
      expect(sums.shown + sums.filtered + sums.beyond + sums.unlisted).toBe(sums.total)
      expect(found.rows.reduce((sum, row) => sum + row.wait.count, 0)).toBe(sums.shown)
    }
    expect(rows.filter((row) => row.drawn).length).toBe(graph.waits.length)
  })
})

test('text is cut to the columns it has', () => {
  expect(headFit('unbuffered', 10)).toBe('unbuffered')
  expect(headFit('unbuffered', 6)).toBe('unbuf…')
  expect(tailFit('(*Server).serve', 8)).toBe('….serve'.padStart(7, '').replace('….', '…).'))
  expect(headFit('无缓冲的通道', 7)).toBe('无缓冲…')
  expect(columnsOf('a无')).toBe(3)
  expect(headFit('ab', 1)).toBe('')
})
