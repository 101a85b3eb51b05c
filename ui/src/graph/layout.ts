// A layered layout: columns from who waits to what is waited on, on to who may end that wait, and so on; nothing overlaps, and the same
// graph always gives the same picture. Parts that are not connected are laid out apart and packed. It stands here and not in a library:
// at sixty nodes it needs no more than this, and lines that close a ring are to go round the outside, where they are seen.

export interface Knot {
  id: string
  /** Whether a part may begin with it. */
  starts: boolean
}

export interface Line {
  from: string
  to: string
}

export interface Size {
  width: number
  height: number
  /** Between columns. */
  across: number
  /** Between rows. */
  down: number
  /** The whole picture's width; parts that are wider make it scroll. */
  room: number
}

export interface Box {
  x: number
  y: number
  column: number
}

export interface Plan {
  boxes: Map<string, Box>
  /** A path for each line, in their order. */
  paths: string[]
  width: number
  height: number
}

/** Room for lines that lead back, at the sides and below. */
const MARGIN = 20
const LANE = 18
const PART_GAP = 26
const SWEEPS = 6
/** A line that passes a column takes this much of it. */
const PASS = 14

interface Cell {
  /** Negative for a line that passes. */
  knot: number
  column: number
  high: number
  y: number
  order: number
  before: number[]
  after: number[]
}

interface Part {
  boxes: Map<string, Box>
  paths: Map<number, string>
  width: number
  height: number
}

export function layout(knots: Knot[], lines: Line[], size: Size): Plan {
  const index = new Map(knots.map((knot, at) => [knot.id, at]))
  const ends = lines.map((line) => [index.get(line.from)!, index.get(line.to)!] as const)
  const parts = connected(knots.length, ends).map((members) => part(knots, ends, members, size))
  return packed(parts, lines.length, size)
}

/** Knots by what they are connected with, each part in the order given, parts by their first knot. */
function connected(count: number, ends: (readonly [number, number])[]): number[][] {
  const root = Array.from({ length: count }, (_, at) => at)
  const find = (at: number): number => {
    while (root[at] !== at) at = root[at] = root[root[at]!]!
    return at
  }
  for (const [from, to] of ends) {
    const [a, b] = [find(from), find(to)]
    root[Math.max(a, b)] = Math.min(a, b)
  }
  const parts = new Map<number, number[]>()
  for (let at = 0; at < count; at += 1) {
    const of = find(at)
    const members = parts.get(of)
    if (members) members.push(at)
    else parts.set(of, [at])
  }
  return [...parts.values()]
}

function part(knots: Knot[], ends: (readonly [number, number])[], members: number[], size: Size): Part {
  const own = new Set(members)
  const mine = ends.map(([from, to], line) => ({ from, to, line })).filter(({ from }) => own.has(from))
  const leads = new Map<number, { to: number; line: number }[]>(members.map((at) => [at, []]))
  for (const { from, to, line } of mine) leads.get(from)!.push({ to, line })
  const back = backward(knots, members, leads)
  const column = columns(members, leads, back)
  const cells = members.map((knot): Cell => ({ knot, column: column.get(knot)!, high: size.height, y: 0, order: 0, before: [], after: [] }))
  const at = new Map(members.map((knot, cell) => [knot, cell]))
  const route = new Map<number, number[]>()
  for (const { from, to, line } of mine) if (!back.has(line)) route.set(line, passed(cells, at.get(from)!, at.get(to)!))
  const byColumn = ordered(cells)
  settle(cells, byColumn, size)
  return drawn(knots, cells, at, mine, back, route, size)
}

/** Lines that close a ring: those that lead to where the walk came from. */
function backward(knots: Knot[], members: number[], leads: Map<number, { to: number; line: number }[]>): Set<number> {
  const back = new Set<number>()
  const state = new Map<number, 'open' | 'done'>()
  const walk = (at: number): void => {
    state.set(at, 'open')
    for (const { to, line } of leads.get(at)!) {
      if (state.get(to) === 'open') back.add(line)
      else if (!state.has(to)) walk(to)
    }
    state.set(at, 'done')
  }
  const entered = new Set([...leads.values()].flat().map(({ to }) => to))
  const rank = (at: number): number => (entered.has(at) ? 2 : 0) + (knots[at]!.starts ? 0 : 1)
  for (const at of [...members].sort((a, b) => rank(a) - rank(b) || a - b)) if (!state.has(at)) walk(at)
  return back
}

/** Columns by the longest way to each knot. */
function columns(members: number[], leads: Map<number, { to: number; line: number }[]>, back: Set<number>): Map<number, number> {
  const missing = new Map(members.map((at) => [at, 0]))
  for (const list of leads.values()) for (const { to, line } of list) if (!back.has(line)) missing.set(to, missing.get(to)! + 1)
  const column = new Map(members.map((at) => [at, 0]))
  const ready = members.filter((at) => missing.get(at) === 0)
  for (let at = ready.shift(); at !== undefined; at = ready.shift()) {
    for (const { to, line } of leads.get(at)!) {
      if (back.has(line)) continue
      column.set(to, Math.max(column.get(to)!, column.get(at)! + 1))
      missing.set(to, missing.get(to)! - 1)
      if (missing.get(to) === 0) ready.push(to)
    }
  }
  return column
}

/** The cells a line goes through: its ends, and one for each column between. */
function passed(cells: Cell[], from: number, to: number): number[] {
  const route = [from]
  for (let column = cells[from]!.column + 1; column < cells[to]!.column; column += 1) {
    cells.push({ knot: -1, column, high: PASS, y: 0, order: 0, before: [], after: [] })
    route.push(cells.length - 1)
  }
  route.push(to)
  for (let step = 1; step < route.length; step += 1) {
    cells[route[step - 1]!]!.after.push(route[step]!)
    cells[route[step]!]!.before.push(route[step - 1]!)
  }
  return route
}

/** Each column's cells, so ordered that few lines cross. */
function ordered(cells: Cell[]): number[][] {
  const byColumn: number[][] = []
  cells.forEach((cell, at) => (byColumn[cell.column] ??= []).push(at))
  const number = (column: number[]): void => column.forEach((at, order) => (cells[at]!.order = order))
  byColumn.forEach(number)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0
    for (const column of forward ? byColumn : [...byColumn].reverse()) {
      const wish = new Map(column.map((at) => [at, mean(forward ? cells[at]!.before : cells[at]!.after, (other) => cells[other]!.order, cells[at]!.order)]))
      column.sort((a, b) => wish.get(a)! - wish.get(b)! || cells[a]!.order - cells[b]!.order)
      number(column)
    }
  }
  return byColumn
}

function mean(of: number[], value: (at: number) => number, otherwise: number): number {
  return of.length === 0 ? otherwise : of.reduce((sum, at) => sum + value(at), 0) / of.length
}

/** Heights: each cell as near as can be to the middle of what it is connected with, in its column's order and apart from the next. */
function settle(cells: Cell[], byColumn: number[][], size: Size): void {
  const middle = (at: number): number => cells[at]!.y + cells[at]!.high / 2
  for (const column of byColumn) {
    let y = 0
    for (const at of column) {
      cells[at]!.y = y
      y += cells[at]!.high + size.down
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 1
    for (const column of forward ? byColumn : [...byColumn].reverse()) {
      const wish = column.map((at) => {
        const near = sweep < 2 ? (forward ? cells[at]!.before : cells[at]!.after) : [...cells[at]!.before, ...cells[at]!.after]
        return mean(near, middle, middle(at)) - cells[at]!.high / 2
      })
      spread(column.map((at) => cells[at]!.high + size.down), wish).forEach((y, place) => (cells[column[place]!]!.y = y))
    }
  }
  const top = Math.min(...cells.map((cell) => cell.y))
  for (const cell of cells) cell.y = Math.round(cell.y - top)
}

/** The places nearest to those wished for that keep the order and the distances (isotonic regression). */
export function spread(distances: number[], wish: number[]): number[] {
  const offset: number[] = []
  let sum = 0
  for (const distance of distances) {
    offset.push(sum)
    sum += distance
  }
  const blocks: { sum: number; count: number }[] = []
  wish.forEach((y, at) => {
    blocks.push({ sum: y - offset[at]!, count: 1 })
    for (let last = blocks.at(-1)!, before = blocks.at(-2); before && before.sum / before.count > last.sum / last.count; before = blocks.at(-2)) {
      before.sum += last.sum
      before.count += last.count
      blocks.pop()
      last = before
    }
  })
  const flat = blocks.flatMap((block) => Array.from({ length: block.count }, () => block.sum / block.count))
  return flat.map((value, at) => value + offset[at]!)
}

function drawn(
  knots: Knot[],
  cells: Cell[],
  at: Map<number, number>,
  mine: { from: number; to: number; line: number }[],
  back: Set<number>,
  route: Map<number, number[]>,
  size: Size,
): Part {
  const side = back.size > 0 ? MARGIN : 0
  const x = (column: number): number => side + column * (size.width + size.across)
  const boxes = new Map<string, Box>()
  for (const cell of cells) if (cell.knot >= 0) boxes.set(knots[cell.knot]!.id, { x: x(cell.column), y: cell.y, column: cell.column })
  const bottom = Math.max(...cells.map((cell) => cell.y + cell.high))
  const paths = new Map<number, string>()
  const leaving = ports(cells, mine, at, 'from')
  const arriving = ports(cells, mine, at, 'to')
  let lane = 0
  for (const { from, to, line } of mine) {
    const [start, end] = [cells[at.get(from)!]!, cells[at.get(to)!]!]
    const [y1, y2] = [start.y + leaving.get(line)! * size.height, end.y + arriving.get(line)! * size.height]
    if (back.has(line)) {
      lane += 1
      paths.set(line, around(x(start.column) + size.width, y1, x(end.column), y2, bottom + lane * LANE - LANE / 3))
    } else {
      const points = route.get(line)!.slice(1, -1).map((cell) => ({ x: x(cells[cell]!.column), y: cells[cell]!.y + PASS / 2 }))
      paths.set(line, along(x(start.column) + size.width, y1, points, x(end.column), y2, size.width))
    }
  }
  const last = Math.max(...cells.map((cell) => cell.column))
  return { boxes, paths, width: x(last) + size.width + side, height: bottom + lane * LANE }
}

/** Where on the side of its box each line ends, from 0 at the top to 1: those that lead up stand above those that lead down. */
function ports(cells: Cell[], mine: { from: number; to: number; line: number }[], at: Map<number, number>, end: 'from' | 'to'): Map<number, number> {
  const other = end === 'from' ? 'to' : 'from'
  const groups = new Map<number, typeof mine>()
  for (const one of mine) {
    const list = groups.get(one[end])
    if (list) list.push(one)
    else groups.set(one[end], [one])
  }
  const place = new Map<number, number>()
  for (const list of groups.values()) {
    list.sort((a, b) => cells[at.get(a[other])!]!.y - cells[at.get(b[other])!]!.y || a.line - b.line)
    list.forEach((one, rank) => place.set(one.line, (rank + 1) / (list.length + 1)))
  }
  return place
}

/** A line through the columns between: level beside boxes, bent between columns. */
function along(x1: number, y1: number, points: { x: number; y: number }[], x2: number, y2: number, wide: number): string {
  let path = `M${x1} ${round(y1)}`
  let [x, y] = [x1, y1]
  const bend = (toX: number, toY: number): void => {
    const half = (toX - x) / 2
    path += `C${round(x + half)} ${round(y)} ${round(toX - half)} ${round(toY)} ${round(toX)} ${round(toY)}`
    ;[x, y] = [toX, toY]
  }
  for (const point of points) {
    bend(point.x, point.y)
    path += `H${round(point.x + wide)}`
    x = point.x + wide
  }
  bend(x2, y2)
  return path
}

/** A line that leads back: out at the right, below everything, in at the left. */
function around(x1: number, y1: number, x2: number, y2: number, low: number): string {
  const r = 8
  const [right, left] = [x1 + MARGIN - 8, x2 - MARGIN + 8]
  return `M${x1} ${round(y1)}H${right - r}q${r} 0 ${r} ${r}V${round(low - r)}q0 ${r} ${-r} ${r}H${left + r}q${-r} 0 ${-r} ${-r}V${round(y2 + r)}q0 ${-r} ${r} ${-r}H${x2}`
}

const round = (n: number): number => Math.round(n * 10) / 10

/** Parts side by side where there is room, each in the lowest place yet. */
function packed(parts: Part[], lines: number, size: Size): Plan {
  const two = 2 * size.width + size.across + 2 * MARGIN
  const count = Math.max(1, Math.floor((size.room + PART_GAP) / (two + PART_GAP)))
  const pitch = count === 1 ? size.room : (size.room + PART_GAP) / count
  const low = Array.from({ length: count }, () => 0)
  const plan: Plan = { boxes: new Map(), paths: Array.from({ length: lines }, () => ''), width: 0, height: 0 }
  for (const one of parts) {
    const spans = Math.min(count, Math.max(1, Math.ceil((one.width + PART_GAP) / pitch)))
    let first = 0
    const top = (from: number): number => Math.max(...low.slice(from, from + spans))
    for (let from = 1; from + spans <= count; from += 1) if (top(from) < top(first)) first = from
    const [x, y] = [Math.round(first * pitch), top(first)]
    for (const [id, box] of one.boxes) plan.boxes.set(id, { ...box, x: box.x + x, y: box.y + y })
    for (const [line, path] of one.paths) plan.paths[line] = moved(path, x, y)
    for (let at = first; at < first + spans; at += 1) low[at] = y + one.height + PART_GAP
    plan.width = Math.max(plan.width, x + one.width)
    plan.height = Math.max(plan.height, y + one.height)
  }
  return plan
}

/** A path elsewhere; commands in small letters are relative and stay. */
function moved(path: string, dx: number, dy: number): string {
  return path.replace(/([MCHV])([^MCHVq]*)/g, (_, command: string, numbers: string) => {
    const values = numbers.trim().split(/\s+/).map(Number)
    const shifted = values.map((value, at) => round(value + (command === 'H' || (command !== 'V' && at % 2 === 0) ? dx : dy)))
    return command + shifted.join(' ')
  })
}
