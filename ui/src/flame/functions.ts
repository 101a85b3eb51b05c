// What each function costs by itself (flat) and with all it calls (cum): from the report's own table, else added up over a call tree.
import type { TopFunction } from '../envelope.ts'
import type { FlameTree } from './layout.ts'

export interface FunctionRow {
  func: string
  file: string
  line: number
  flat: number
  cum: number
  /** Of a comparison, both before. */
  flatBefore: number
  cumBefore: number
}

export const SORTS = ['flat', 'cum', 'name', 'change'] as const
export type Sort = (typeof SORTS)[number]

export function functionsOfReport(top: TopFunction[]): FunctionRow[] {
  return top.map((row) => ({ ...row, flatBefore: 0, cumBefore: 0 }))
}

/** A call inside a call of the same function counts once in what it costs with its callees. What stands in brackets at the tip of a stack, such
 * as a state, is no function: its weight is its caller's own. Cost: linear in rows. */
export function functionsOfTree(tree: FlameTree): FunctionRow[] {
  const names = tree.names.length
  const isMark = Uint8Array.from(tree.names, (name) => (name.startsWith('[') ? 1 : 0))
  const sides = tree.compared ? [tree.compared.after, tree.compared.before] : [tree.total]
  const flat = sides.map(() => new Float64Array(names))
  const cum = sides.map(() => new Float64Array(names))
  // How often a function stands on the path, and the path itself.
  const open = new Uint32Array(names)
  const path = new Int32Array(tree.levels.length + 1)
  let depth = 0
  for (let row = 0; row < tree.name.length; row += 1) {
    const level = tree.depth[row]!
    for (; depth > level; depth -= 1) open[tree.name[path[depth - 1]!]!]! -= 1
    const name = tree.name[row]!
    for (const [side, totals] of sides.entries()) {
      if (open[name] === 0) cum[side]![name]! += totals[row]!
      flat[side]![name]! += totals[row]!
      const caller = level > 0 ? path[level - 1]! : -1
      // A caller keeps what none of its callees takes; what a mark takes is the caller's.
      if (caller >= 0 && isMark[name] === 0) flat[side]![tree.name[caller]!]! -= totals[row]!
    }
    open[name]! += 1
    path[level] = row
    depth = level + 1
  }
  const root = tree.name[0]
  const rows: FunctionRow[] = []
  for (let name = 0; name < names; name += 1) {
    if (name === root || isMark[name] === 1) continue
    const of = (columns: Float64Array[], side: number): number => columns[side]?.[name] ?? 0
    const row = { func: tree.names[name]!, file: '', line: 0, flat: of(flat, 0), cum: of(cum, 0), flatBefore: of(flat, 1), cumBefore: of(cum, 1) }
    if (row.cum !== 0 || row.cumBefore !== 0) rows.push(row)
  }
  return rows
}

/** Rows whose name or file holds the text, sorted; ties by name. */
export function listed(rows: FunctionRow[], search: string, sort: Sort, ascending: boolean): FunctionRow[] {
  const wanted = search.trim().toLowerCase()
  const found = wanted === '' ? [...rows] : rows.filter((row) => row.func.toLowerCase().includes(wanted) || row.file.toLowerCase().includes(wanted))
  const key = (row: FunctionRow): number => (sort === 'flat' ? Math.abs(row.flat) : sort === 'cum' ? Math.abs(row.cum) : Math.abs(row.cum - row.cumBefore))
  const byName = (a: FunctionRow, b: FunctionRow): number => (a.func < b.func ? -1 : a.func > b.func ? 1 : a.line - b.line)
  const order = sort === 'name' ? byName : (a: FunctionRow, b: FunctionRow): number => key(b) - key(a) || Math.abs(b.cum) - Math.abs(a.cum) || byName(a, b)
  found.sort(order)
  return ascending === (sort === 'name') ? found : found.reverse()
}
