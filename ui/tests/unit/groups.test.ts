import { describe, expect, test } from 'vitest'
import { clustersOf, familyOf, groupRows, SORTS, waitBins, type GroupsView } from '../../src/groups.ts'
import { incident, random } from '../incident.ts'

const snapshot = incident().snapshot!
const view: GroupsView = { filter: '', sort: 'count', direction: 'desc', idle: false, limit: 200 }

describe('groups', () => {
  test('shown and not shown add up in every view', () => {
    const next = random(5)
    const filters = ['', 'pay', 'sync.Mutex', 'endpoint=/order', 'chan receive', 'worker drain', 'no such thing', '0xc0004a8120']
    for (let round = 0; round < 200; round += 1) {
      const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!
      const some: GroupsView = { filter: pick(filters), sort: pick(SORTS), direction: pick(['asc', 'desc']), idle: next() < 0.5, limit: pick([0, 1, 7, 200]) }
      const { rows, idleRows, filteredRows, beyondRows, sums } = groupRows(snapshot, some)
      expect(sums.shown + sums.idle + sums.filtered + sums.beyond + sums.unlisted).toBe(snapshot.goroutines)
      expect(rows.length + idleRows + filteredRows + beyondRows).toBe(snapshot.families.length)
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(sums.shown)
    }
  })

  test('what the envelope does not list is counted', () => {
    const cut = { ...snapshot, families: snapshot.families.slice(0, 2) }
    const { sums } = groupRows(cut, { ...view, idle: true })
    expect(sums.unlisted).toBe(snapshot.goroutines - sums.shown)
    expect(sums.unlisted).toBeGreaterThan(0)
  })

  test('the filter reads frames, labels and addresses, each word anywhere', () => {
    const found = (filter: string): string[] => groupRows(snapshot, { ...view, filter, idle: true }).rows.map((row) => row.at.func.split('/').at(-1)!)
    expect(found('tenant=acme')).toEqual(['pay.(*Client).watch'])
    expect(found('0xc00031e008')).toEqual(['store.(*Pool).get'])
    expect(found('POOL mutex')).toEqual(['store.(*Pool).get'])
    expect(found('"chan receive" 0xc0004a8120')).toEqual(['pay.(*Client).watch'])
    expect(found('"receive chan"')).toEqual([])
  })

  test('sorting', () => {
    const counts = groupRows(snapshot, { ...view, direction: 'asc', limit: 0 }).rows.map((row) => row.count)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    const names = groupRows(snapshot, { ...view, sort: 'at', direction: 'asc', limit: 0 }).rows.map((row) => row.at.func)
    expect(names).toEqual([...names].sort())
  })

  test('clusters of a family add up, and a cluster knows its family', () => {
    for (const family of snapshot.families) {
      const { clusters, unlisted } = clustersOf(snapshot, family)
      expect(clusters.reduce((sum, cluster) => sum + cluster.count, 0) + unlisted).toBe(family.count)
      for (const cluster of clusters) expect(familyOf(snapshot, cluster.id)?.id).toBe(family.id)
    }
  })
})

test('ages fall into bins that leave out nothing', () => {
  expect(waitBins({})).toEqual([])
  expect(waitBins({ 0: 3, 4: 2, 60: 1 })).toEqual([
    { from: 0, to: 0, count: 3 },
    { from: 1, to: 1, count: 0 },
    { from: 2, to: 4, count: 2 },
    { from: 5, to: 9, count: 0 },
    { from: 10, to: 19, count: 0 },
    { from: 20, to: 29, count: 0 },
    { from: 30, to: 59, count: 0 },
    { from: 60, to: 119, count: 1 },
  ])
  const minutes = Object.fromEntries(Array.from({ length: 30_000 }, (_, minute) => [minute, 1]))
  expect(waitBins(minutes).reduce((sum, bin) => sum + bin.count, 0)).toBe(30_000)
})
