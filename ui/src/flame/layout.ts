// Geometry of a flame graph: columns of a call tree in, rectangles of a few thousand pixels out, whatever the number of rows.
import type { ClusterReport, Flame } from '../envelope.ts'

/** A rectangle narrower than this many pixels is drawn together with its neighbours. */
const NARROWEST_PX = 1.5

/** Columns of a call tree: plain arrays as in JSON, or typed ones. */
export interface FlameColumns extends Omit<Flame, 'name' | 'depth' | 'start' | 'total' | 'before' | 'inlined'> {
  name: ArrayLike<number>
  depth: ArrayLike<number>
  start: ArrayLike<number>
  total: ArrayLike<number>
  before?: ArrayLike<number> | null
  inlined?: ArrayLike<number>
}

/** Weights of each row after and before, whichever of them the tree is laid out by. */
export interface Compared {
  after: Float64Array
  before: Float64Array
}

export interface FlameTree {
  unit: string
  names: string[]
  name: Uint32Array
  depth: Uint16Array
  start: Float64Array
  total: Float64Array
  compared: Compared | null
  /** 1 for each call that was inlined into the row above. */
  inlined: Uint8Array
  parent: Int32Array
  /** First row after a row's subtree, in depth-first order. */
  after: Uint32Array
  /** Rows a depth, left to right. */
  levels: Uint32Array[]
  /** Two halves of a hash of the path of names, the row's identity across reports. */
  hashHigh: Uint32Array
  hashLow: Uint32Array
  extent: number
  foldedRows: number
  foldedTotal: number
}

export type Side = 'after' | 'before'

/** The tree, of a comparison laid out by either side. Cost: linear in rows. */
export function flameTree(flame: FlameColumns, side: Side = 'after'): FlameTree {
  const rows = flame.name.length
  const after = typed(Float64Array, flame.total)
  const compared = flame.before ? { after, before: typed(Float64Array, flame.before) } : null
  const byBefore = compared !== null && side === 'before'
  const tree: FlameTree = {
    unit: flame.unit,
    names: flame.names,
    name: typed(Uint32Array, flame.name),
    depth: typed(Uint16Array, flame.depth),
    start: byBefore ? new Float64Array(rows) : typed(Float64Array, flame.start),
    total: byBefore ? compared.before : after,
    compared,
    inlined: new Uint8Array(rows),
    parent: new Int32Array(rows),
    after: new Uint32Array(rows),
    levels: [],
    hashHigh: new Uint32Array(rows),
    hashLow: new Uint32Array(rows),
    extent: 0,
    foldedRows: flame.folded_rows,
    foldedTotal: flame.folded_total,
  }
  for (let at = 0; at < (flame.inlined?.length ?? 0); at += 1) tree.inlined[flame.inlined![at]!] = 1
  linkRows(tree)
  if (byBefore) placeRows(tree)
  for (let row = 0; row < rows; row = tree.after[row]!) tree.extent = Math.max(tree.extent, tree.start[row]! + tree.total[row]!)
  hashRows(tree)
  return tree
}

interface Typed<T> {
  new (length: number): T
  from(values: ArrayLike<number>): T
}

function typed<T>(kind: Typed<T>, values: ArrayLike<number>): T {
  return values instanceof (kind as unknown as new () => T & object) ? values : kind.from(values)
}

function linkRows(tree: FlameTree): void {
  const rows = tree.name.length
  // The row last seen at each depth: the path to the row looked at.
  const path = new Int32Array(1 << 16).fill(-1)
  const perLevel = new Uint32Array(1 << 16)
  let open = 0
  let levels = 0
  for (let row = 0; row < rows; row += 1) {
    const depth = tree.depth[row]!
    for (; open > depth; open -= 1) if (path[open - 1]! >= 0) tree.after[path[open - 1]!] = row
    // A damaged file may skip a level.
    for (; open < depth; open += 1) path[open] = -1
    tree.parent[row] = depth > 0 ? path[depth - 1]! : -1
    path[depth] = row
    open = depth + 1
    perLevel[depth]! += 1
    levels = Math.max(levels, open)
  }
  for (; open > 0; open -= 1) if (path[open - 1]! >= 0) tree.after[path[open - 1]!] = rows
  tree.levels = Array.from({ length: levels }, (_, depth) => new Uint32Array(perLevel[depth]!))
  const filled = new Uint32Array(levels)
  for (let row = 0; row < rows; row += 1) {
    const depth = tree.depth[row]!
    tree.levels[depth]![filled[depth]!++] = row
  }
}

/** Left edges in depth-first order, each row behind the one before it under the same parent. */
function placeRows(tree: FlameTree): void {
  const ends = new Float64Array(tree.levels.length + 1)
  for (let row = 0; row < tree.name.length; row += 1) {
    const depth = tree.depth[row]!
    tree.start[row] = ends[depth]!
    ends[depth] = tree.start[row]! + tree.total[row]!
    ends[depth + 1] = tree.start[row]!
  }
}

function hashRows(tree: FlameTree): void {
  const nameHash = Uint32Array.from(tree.names, (name) => textHash(name))
  for (let row = 0; row < tree.name.length; row += 1) {
    const parent = tree.parent[row]!
    const own = nameHash[tree.name[row]!]!
    tree.hashLow[row] = mixed(parent < 0 ? 0x811c9dc5 : tree.hashLow[parent]!, own)
    tree.hashHigh[row] = mixed(parent < 0 ? 0x9747b28c : tree.hashHigh[parent]!, Math.imul(own, 0x9e3779b1))
  }
}

function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function mixed(hash: number, value: number): number {
  let mix = Math.imul(hash ^ (value >>> 0), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}

export function rowKey(tree: FlameTree, row: number): string {
  return hex(tree.hashHigh[row]!) + hex(tree.hashLow[row]!)
}

/** The row of a key, or -1. Cost: linear in rows. */
export function rowOf(tree: FlameTree, key: string | undefined): number {
  if (!key || !/^[0-9a-f]{16}$/.test(key)) return -1
  const high = parseInt(key.slice(0, 8), 16)
  const low = parseInt(key.slice(8), 16)
  for (let row = 0; row < tree.name.length; row += 1) if (tree.hashLow[row] === low && tree.hashHigh[row] === high) return row
  return -1
}

function hex(n: number): string {
  return n.toString(16).padStart(8, '0')
}

export function nameOf(tree: FlameTree, row: number): string {
  return tree.names[tree.name[row]!] ?? ''
}

/** Weight of a row that no listed row below it holds. */
export function selfOf(tree: FlameTree, row: number): number {
  let self = tree.total[row]!
  for (let child = row + 1; child < tree.after[row]!; child = tree.after[child]!) self -= tree.total[child]!
  return self
}

export function ancestors(tree: FlameTree, row: number): number[] {
  const path: number[] = []
  for (let at = tree.parent[row] ?? -1; at >= 0; at = tree.parent[at]!) path.push(at)
  return path.reverse()
}

/** Levels from the root down to the deepest row below `row`. Cost: linear in the rows below it, but for the root. */
export function levelsTo(tree: FlameTree, row: number): number {
  if (row === 0) return Math.max(1, tree.levels.length)
  const { depth } = tree
  const until = tree.after[row]!
  let deepest = 0
  for (let below = row; below < until; below += 1) deepest = Math.max(deepest, depth[below]!)
  return deepest + 1
}

export interface Rects {
  count: number
  /** The row, or the first row of a merged run. */
  row: Uint32Array
  /** Where that row stands in its level. */
  first: Uint32Array
  /** Rows drawn as this one rectangle, one beside the other in their level. */
  merged: Uint32Array
  level: Uint16Array
  x: Float32Array
  width: Float32Array
  /** First rectangle of each level from `firstLevel` on, and the end. */
  begins: Uint32Array
  firstLevel: number
}

export interface View {
  /** Left edge and width in units of weight. */
  from: number
  span: number
  /** Width in pixels. */
  px: number
  firstLevel: number
  lastLevel: number
}

/** What a view shows. Cost: O(levels × px × log rows), independent of the number of rows. */
export function visibleRects(tree: FlameTree, view: View): Rects {
  const levels = Math.max(0, Math.min(view.lastLevel, tree.levels.length - 1) - view.firstLevel + 1)
  const room = levels * (Math.ceil(view.px / NARROWEST_PX) * 2 + 4)
  const out: Rects = {
    count: 0,
    row: new Uint32Array(room),
    first: new Uint32Array(room),
    merged: new Uint32Array(room),
    level: new Uint16Array(room),
    x: new Float32Array(room),
    width: new Float32Array(room),
    begins: new Uint32Array(levels + 1),
    firstLevel: view.firstLevel,
  }
  const scale = view.px / view.span
  for (let level = view.firstLevel; level < view.firstLevel + levels; level += 1) {
    levelRects(tree, view, level, scale, out)
    out.begins[level - view.firstLevel + 1] = out.count
  }
  return out
}

function levelRects(tree: FlameTree, view: View, level: number, scale: number, out: Rects): void {
  const rows = tree.levels[level]!
  const narrow = NARROWEST_PX / scale
  const until = view.from + view.span
  let at = firstEndingAfter(tree, rows, view.from)
  while (at < rows.length) {
    const row = rows[at]!
    const start = tree.start[row]!
    if (start >= until) return
    let next = at + 1
    let end = start + tree.total[row]!
    if (end - start < narrow) {
      next = Math.max(next, firstStartingAt(tree, rows, start + narrow, next))
      // Only the last of the run can be wide: a wide row would have pushed the next one's start beyond the run.
      if (next - 1 > at && tree.total[rows[next - 1]!]! >= narrow) next -= 1
      const last = rows[next - 1]!
      end = tree.start[last]! + tree.total[last]!
    }
    const left = Math.max(start, view.from)
    const right = Math.min(end, until)
    if (right <= left) {
      // Rows of no weight: what came or went in a comparison.
      at = next
      continue
    }
    out.row[out.count] = row
    out.first[out.count] = at
    out.merged[out.count] = next - at
    out.level[out.count] = level
    out.x[out.count] = (left - view.from) * scale
    out.width[out.count] = (right - left) * scale
    out.count += 1
    at = next
  }
}

/** The rectangle at a level under a pixel, or -1. */
export function rectAt(rects: Rects, level: number, x: number): number {
  const from = rects.begins[level - rects.firstLevel]
  const until = rects.begins[level - rects.firstLevel + 1]
  if (from === undefined || until === undefined) return -1
  let low = from
  let high = until
  while (low < high) {
    const mid = (low + high) >> 1
    if (rects.x[mid]! + rects.width[mid]! > x) high = mid
    else low = mid + 1
  }
  return low < until && rects.x[low]! <= x ? low : -1
}

function firstEndingAfter(tree: FlameTree, rows: Uint32Array, value: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const mid = (low + high) >> 1
    if (tree.start[rows[mid]!]! + tree.total[rows[mid]!]! > value) high = mid
    else low = mid + 1
  }
  return low
}

function firstStartingAt(tree: FlameTree, rows: Uint32Array, value: number, from: number): number {
  let low = from
  let high = rows.length
  while (low < high) {
    const mid = (low + high) >> 1
    if (tree.start[rows[mid]!]! >= value) high = mid
    else low = mid + 1
  }
  return low
}

/** The row at a level under a weight, or -1. */
export function rowAt(tree: FlameTree, level: number, value: number): number {
  const rows = tree.levels[level]
  if (!rows) return -1
  const at = firstEndingAfter(tree, rows, value)
  const row = rows[at]
  return row !== undefined && tree.start[row]! <= value ? row : -1
}

/** The neighbour on the same level inside `within`, or the row itself. */
export function besideRow(tree: FlameTree, row: number, step: 1 | -1, within: number): number {
  const rows = tree.levels[tree.depth[row]!]!
  const at = firstEndingAfter(tree, rows, tree.start[row]!)
  const next = rows[at + step]
  if (next === undefined) return row
  return next >= within && next < tree.after[within]! ? next : row
}

export interface Matches {
  /** 1 for each name that matches. */
  names: Uint8Array
  rows: number
  /** Weight below outermost matching rows, so nothing counts twice. */
  total: number
}

export function searchTree(tree: FlameTree, text: string): Matches | null {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return null
  const names = Uint8Array.from(tree.names, (name) => (name.toLowerCase().includes(wanted) ? 1 : 0))
  const found: Matches = { names, rows: 0, total: 0 }
  let outer = 0
  for (let row = 0; row < tree.name.length; row += 1) {
    if (names[tree.name[row]!] === 0) continue
    found.rows += 1
    if (row < outer) continue
    found.total += tree.total[row]!
    outer = tree.after[row]!
  }
  return found
}

/** Whether any row drawn as rectangle `at` matches. Cost: linear in the rows merged into it. */
export function runMatches(tree: FlameTree, rects: Rects, at: number, matches: Matches): boolean {
  const rows = tree.levels[rects.level[at]!]!
  const end = rects.first[at]! + rects.merged[at]!
  for (let row = rects.first[at]!; row < end; row += 1) if (matches.names[tree.name[rows[row]!]!] === 1) return true
  return false
}

/** Weight after and before of all rows drawn as rectangle `at`. Cost: linear in the rows merged into it. */
export function runWeights(tree: FlameTree, compared: Compared, rects: Rects, at: number): [number, number] {
  const rows = tree.levels[rects.level[at]!]!
  const end = rects.first[at]! + rects.merged[at]!
  let [after, before] = [0, 0]
  for (let row = rects.first[at]!; row < end; row += 1) {
    after += compared.after[rows[row]!]!
    before += compared.before[rows[row]!]!
  }
  return [after, before]
}

/** Rows of the tree table: depth first, below open rows only. */
export function openRows(tree: FlameTree, isOpen: (row: number) => boolean): number[] {
  const rows: number[] = []
  for (let row = 0; row < tree.name.length; row = isOpen(row) ? row + 1 : tree.after[row]!) rows.push(row)
  return rows
}

/** The call tree of clusters, for envelopes that carry none: creator, frames outermost first, state. */
export function flameOf(clusters: ClusterReport[], rootName: string): Flame {
  interface Node {
    name: string
    total: number
    below: Map<string, Node>
  }
  const root: Node = { name: rootName, total: 0, below: new Map() }
  for (const cluster of clusters) {
    const path = cluster.frames.map((frame) => frame.func).reverse()
    if (cluster.created_by) path.unshift(`created by ${cluster.created_by.func}`)
    path.push(`[${cluster.state}]`)
    let node = root
    node.total += cluster.count
    for (const name of path) {
      let next = node.below.get(name)
      if (!next) node.below.set(name, (next = { name, total: 0, below: new Map() }))
      next.total += cluster.count
      node = next
    }
  }
  const flame: Flame = { unit: 'goroutines', names: [], name: [], depth: [], start: [], total: [], folded_rows: 0, folded_total: 0 }
  const ids = new Map<string, number>()
  const walk: { node: Node; depth: number; start: number }[] = [{ node: root, depth: 0, start: 0 }]
  for (let at = walk.pop(); at; at = walk.pop()) {
    const { node, depth, start } = at
    let id = ids.get(node.name)
    if (id === undefined) ids.set(node.name, (id = flame.names.push(node.name) - 1))
    flame.name.push(id)
    flame.depth.push(depth)
    flame.start.push(start)
    flame.total.push(node.total)
    let left = start
    const below = [...node.below.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
    const next = below.map((child) => {
      const place = { node: child, depth: depth + 1, start: left }
      left += child.total
      return place
    })
    walk.push(...next.reverse())
  }
  return flame
}
