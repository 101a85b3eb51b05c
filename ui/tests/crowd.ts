// The wait graph of a service with thousands of things to wait on, from a fixed seed: recordings are too small for its size. It has the
// shape analysis gives such a graph: rings first, then the most waiters, sixty nodes in the picture, the others listed below.
import type { Envelope, GraphGroup, GraphObject, GraphWait, Inside, WaitGraph } from '../src/envelope.ts'
import { incident, random } from './incident.ts'

const NODES = 60
const KINDS = ['channel', 'mutex', 'rw-mutex', 'wait-group', 'descriptor', 'timer-channel'] as const

export function crowd(objects: number, seed = 11): Envelope {
  const next = random(seed)
  const below = (n: number): number => Math.floor(next() * n)
  const at = (n: number) => ({ func: `github.com/acme/orders/internal/mod${n % 23}.(*Worker${n % 7}).run${n}`, file: `/src/orders/mod${n % 23}/worker.go`, line: 10 + (n % 300) })
  const families = Math.ceil(objects / 2)
  const groups: GraphGroup[] = Array.from({ length: families }, (_, n) => ({
    id: `g${n + 1}`,
    count: 1 + below(n < 20 ? 4000 : 9),
    state: n % 3 ? 'chan receive' : 'sync.Mutex.Lock',
    at: at(n),
    created_by: at(n + 1000),
    goroutines: [n + 10, n + 11],
  }))
  const all: GraphObject[] = []
  const waits: GraphWait[] = []
  for (let n = 0; n < objects; n += 1) {
    const kind = KINDS[n < 4 ? 1 : below(KINDS.length)]!
    const inside: Inside = kind === 'channel' ? { buffered: below(9), capacity: 8, closed: n % 50 === 7, senders: below(4), receivers: 0 } : kind === 'mutex' ? { locked: true } : {}
    // Among themselves the first thirty objects share the first thirty families, so that the picture holds sixty nodes.
    const waiters = n < NODES / 2 ? [n % 30, ...(n % 5 === 0 ? [(n + 7) % 30] : [])] : [30 + below(families - 30)]
    const own: GraphWait[] = waiters.map((family) => ({ group: `g${family + 1}`, object: `o${n + 1}`, side: kind === 'mutex' ? 'lock' : 'receive', select: n % 6 === 0, count: 1 + below(3) }))
    waits.push(...own)
    const held = n < NODES / 2 && n % 4 === 0 ? [(n + 1) % 30] : []
    all.push({
      id: `o${n + 1}`,
      kind,
      count: 1,
      waiters: own.reduce((sum, wait) => sum + wait.count, 0),
      address: `0xc00${(0x10000 + n * 96).toString(16)}`,
      inside,
      for_ever: false,
      holders: held.map((family) => ({ goroutine: family + 10, state: groups[family]!.state, at: groups[family]!.at, reason: 'address', group: `g${family + 1}` })),
    })
  }
  const picture = all.slice(0, NODES / 2)
  const isDrawn = new Set(picture.map((object) => object.id))
  const named = new Set(waits.filter((wait) => isDrawn.has(wait.object)).map((wait) => wait.group))
  const rest = waits.filter((wait) => !isDrawn.has(wait.object))
  const step = (goroutine: number, group: string, object: GraphObject, following: number) => ({ goroutine, at: at(goroutine), side: 'lock' as const, kind: object.kind, address: object.address, next: following, leaked: false, group, object: object.id })
  const graph: WaitGraph = {
    waiting: groups.reduce((sum, group) => sum + group.count, 0),
    unnamed: 3,
    awaited: objects,
    groups: groups.filter((group) => named.has(group.id)),
    objects: picture,
    waits: waits.filter((wait) => isDrawn.has(wait.object)),
    cycles: [{ steps: [step(10, 'g1', all[0]!, 11), step(11, 'g2', all[1]!, 10)], alike: 0, proven: false, open: ['no-holder-recorded', 'not-one-instant'] }],
    one_instant: false,
    searched: true,
    followed: false,
    rest: { groups: groups.filter((group) => !named.has(group.id)), objects: all.slice(NODES / 2), waits: rest },
  }
  const left = { objects_not_listed: objects - picture.length + 40, waits_not_listed: rest.reduce((sum, wait) => sum + wait.count, 0) + 55 }
  return { ...incident(), command: 'graph', graph, hidden: left }
}
