// The groups table: families filtered, sorted and summed so that what is shown and what is not always add up to the total.
import type { ClusterReport, FamilyReport, Place, SnapshotReport } from './envelope.ts'

export const SORTS = ['count', 'state', 'p50', 'max', 'at', 'created'] as const
export type Sort = (typeof SORTS)[number]
export type Direction = 'asc' | 'desc'

export interface GroupsView {
  filter: string
  sort: Sort
  direction: Direction
  /** Known long waiters too. */
  idle: boolean
  /** Rows shown at most; 0 is all. */
  limit: number
}

export interface Sums {
  total: number
  shown: number
  idle: number
  filtered: number
  /** Beyond the row limit. */
  beyond: number
  /** Goroutines the envelope counts but does not list. */
  unlisted: number
}

export interface GroupRows {
  rows: FamilyReport[]
  idleRows: number
  filteredRows: number
  beyondRows: number
  sums: Sums
}

export function groupRows(snapshot: SnapshotReport, view: GroupsView): GroupRows {
  const clusters = new Map(snapshot.clusters.map((cluster) => [cluster.id, cluster]))
  const words = wordsOf(view.filter)
  const matching: FamilyReport[] = []
  const sums: Sums = { total: snapshot.goroutines, shown: 0, idle: 0, filtered: 0, beyond: 0, unlisted: snapshot.goroutines }
  let idleRows = 0
  let filteredRows = 0
  for (const family of snapshot.families) {
    sums.unlisted -= family.count
    if (!matches(family, clusters, words)) {
      sums.filtered += family.count
      filteredRows += 1
    } else if (family.benign && !view.idle) {
      sums.idle += family.count
      idleRows += 1
    } else matching.push(family)
  }
  matching.sort(order(view.sort, view.direction))
  const rows = view.limit > 0 ? matching.slice(0, view.limit) : matching
  for (const family of rows) sums.shown += family.count
  for (const family of matching.slice(rows.length)) sums.beyond += family.count
  return { rows, idleRows, filteredRows, beyondRows: matching.length - rows.length, sums }
}

/** A family's clusters, largest first, and what of its count they do not hold. */
export function clustersOf(snapshot: SnapshotReport, family: FamilyReport): { clusters: ClusterReport[]; unlisted: number } {
  const wanted = new Set(family.clusters)
  const clusters = snapshot.clusters.filter((cluster) => wanted.has(cluster.id))
  const held = clusters.reduce((sum, cluster) => sum + cluster.count, 0)
  return { clusters, unlisted: family.count - held }
}

export function familyOf(snapshot: SnapshotReport, cluster: string): FamilyReport | undefined {
  return snapshot.families.find((family) => family.clusters.includes(cluster))
}

/** Words of a filter; what stands in quotes is one word. */
function wordsOf(filter: string): string[] {
  return [...filter.toLowerCase().matchAll(/"([^"]+)"|[^\s"]+/g)].map((word) => word[1] ?? word[0])
}

/** A filter for this very text. */
export function filterFor(text: string): string {
  return /\s/.test(text) ? `"${text.replaceAll('"', ' ')}"` : text
}

function matches(family: FamilyReport, clusters: Map<string, ClusterReport>, words: string[]): boolean {
  if (words.length === 0) return true
  const text = [family.id, family.state, placeText(family.at), placeText(family.created_by), family.benign ?? '']
  for (const id of family.clusters) {
    const cluster = clusters.get(id)
    if (!cluster) continue
    text.push(cluster.id, cluster.state, ...cluster.frames.map(placeText))
    for (const label of cluster.labels ?? []) text.push(`${label.key}=${label.value}`)
    for (const object of cluster.objects ?? []) text.push(String(object[0]))
  }
  const all = text.join('\n').toLowerCase()
  return words.every((word) => all.includes(word))
}

function placeText(place: Place | null | undefined): string {
  return place ? `${place.func} ${place.file}:${place.line}` : ''
}

function order(sort: Sort, direction: Direction): (a: FamilyReport, b: FamilyReport) => number {
  const sign = direction === 'asc' ? 1 : -1
  return (a, b) => sign * compare(key(a, sort), key(b, sort)) || b.count - a.count || compare(a.id, b.id)
}

function key(family: FamilyReport, sort: Sort): number | string {
  switch (sort) {
    case 'count':
      return family.count
    case 'state':
      return family.state
    case 'p50':
      return family.wait_s?.p50 ?? -1
    case 'max':
      return family.wait_s?.max ?? -1
    case 'at':
      return family.at.func
    case 'created':
      return family.created_by?.func ?? ''
  }
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export interface WaitBin {
  /** Whole minutes, the first and the last that belong to the bin; the last bin has no end. */
  from: number
  to: number
  count: number
}

/** Where bins start, in minutes: steps people say, up to a week. */
const BIN_STARTS = [0, 1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1440, 2880, 10080]

/** Ages in bins from the youngest to the oldest; empty ones between are kept so that the axis is true. */
export function waitBins(minutes: Record<string, number>): WaitBin[] {
  const bins = BIN_STARTS.map((from, at) => ({ from, to: (BIN_STARTS[at + 1] ?? Infinity) - 1, count: 0 }))
  for (const [minute, count] of Object.entries(minutes)) {
    const bin = bins.findLast((candidate) => candidate.from <= Number(minute))
    if (bin) bin.count += count
  }
  const first = bins.findIndex((bin) => bin.count > 0)
  return first < 0 ? [] : bins.slice(first, bins.findLastIndex((bin) => bin.count > 0) + 1)
}
