// The picture's twin: a row for each line of goroutines that wait on an object, those that do not fit the picture too. What is shown and
// what is not always add up.
import type { GraphGroup, GraphObject, GraphWait, WaitGraph } from '../envelope.ts'

export const SORTS = ['order', 'count', 'at', 'state', 'side', 'object'] as const
export type Sort = (typeof SORTS)[number]
export type Direction = 'asc' | 'desc'
export const NUMERIC: readonly Sort[] = ['count']

export interface Row {
  /** Place in the graph's own order: rings, findings, then the most waiters. */
  order: number
  wait: GraphWait
  group: GraphGroup
  object: GraphObject
  /** It is in the picture. */
  drawn: boolean
}

export interface RowsView {
  filter: string
  sort: Sort
  direction: Direction
  /** Rows shown at most; 0 is all. */
  limit: number
}

export interface Sums {
  total: number
  shown: number
  filtered: number
  beyond: number
  unlisted: number
}

export interface Rows {
  rows: Row[]
  beyondRows: number
  sums: Sums
}

/** All rows; made once for a graph. */
export function allRows(graph: WaitGraph): Row[] {
  const rest = graph.rest
  const groups = new Map([...graph.groups, ...(rest?.groups ?? [])].map((group) => [group.id, group]))
  const objects = new Map([...graph.objects, ...(rest?.objects ?? [])].map((object) => [object.id, object]))
  const rows: Row[] = []
  const add = (wait: GraphWait, drawn: boolean): void => {
    const [group, object] = [groups.get(wait.group), objects.get(wait.object)]
    if (group && object) rows.push({ order: rows.length, wait, group, object, drawn })
  }
  for (const wait of graph.waits) add(wait, true)
  for (const wait of rest?.waits ?? []) add(wait, false)
  return rows
}

/** What of the rows a view shows; `hidden` is the waits the picture leaves out, by the envelope's own count. */
export function rowsOf(all: Row[], hidden: number, view: RowsView, words: (row: Row) => string): Rows {
  const wanted = view.filter.toLowerCase().split(/\s+/).filter(Boolean)
  const sums: Sums = { total: 0, shown: 0, filtered: 0, beyond: 0, unlisted: hidden }
  const matching: Row[] = []
  for (const row of all) {
    sums.total += row.wait.count
    if (!row.drawn) sums.unlisted -= row.wait.count
    const text = wanted.length > 0 ? words(row) : ''
    if (wanted.every((word) => text.includes(word))) matching.push(row)
    else sums.filtered += row.wait.count
  }
  sums.total += sums.unlisted
  matching.sort(order(view.sort, view.direction))
  const rows = view.limit > 0 ? matching.slice(0, view.limit) : matching
  for (const row of rows) sums.shown += row.wait.count
  for (const row of matching.slice(rows.length)) sums.beyond += row.wait.count
  return { rows, beyondRows: matching.length - rows.length, sums }
}

function order(sort: Sort, direction: Direction): (a: Row, b: Row) => number {
  const sign = direction === 'asc' ? 1 : -1
  return (a, b) => sign * compare(key(a, sort), key(b, sort)) || a.order - b.order
}

function key(row: Row, sort: Sort): number | string {
  switch (sort) {
    case 'order':
      return row.order
    case 'count':
      return row.wait.count
    case 'at':
      return row.group.at.func
    case 'state':
      return row.group.state
    case 'side':
      return row.wait.side
    case 'object':
      return `${row.object.kind} ${row.object.address ?? ''}`
  }
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
