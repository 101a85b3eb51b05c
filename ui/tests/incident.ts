// An envelope of the size and shape of a real incident, from a fixed seed: an order service with a context leak, a convoy, idle pools
// and a few hundred groups. Recorded envelopes stand in `data/`; this one has the sizes that recordings are too small for.
import type { ClusterReport, Envelope, FamilyReport, Flame, Place, SeriesReport, SnapshotReport } from '../src/envelope.ts'
import { flameOf } from '../src/flame/layout.ts'

const MODULE = 'github.com/acme/orders'

export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mix = Math.imul(state ^ (state >>> 15), state | 1)
    mix ^= mix + Math.imul(mix ^ (mix >>> 7), mix | 61)
    return ((mix ^ (mix >>> 14)) >>> 0) / 4294967296
  }
}

const at = (func: string, file: string, line: number): Place => ({ func, file, line })
const own = (path: string, func: string, file: string, line: number): Place => at(`${MODULE}/${path}.${func}`, `/src/orders/${path}/${file}`, line)
const std = (func: string, file: string, line: number): Place => at(func, `/usr/local/go/src/${file}`, line)
const hex = (n: number): string => n.toString(16).padStart(16, '0')

interface Sketch {
  state: string
  frames: Place[]
  createdBy: Place
  count: number
  minutes: Record<number, number>
  benign?: string
  labels?: [string, string, number][]
  object?: string
}

const HANDLER = [
  own('internal/api', '(*Handler).Create', 'order.go', 141),
  std('net/http.HandlerFunc.ServeHTTP', 'net/http/server.go', 2322),
  std('net/http.serverHandler.ServeHTTP', 'net/http/server.go', 3340),
  std('net/http.(*conn).serve', 'net/http/server.go', 2109),
]
const SERVE = std('net/http.(*Server).Serve', 'net/http/server.go', 3493)

function sketches(): Sketch[] {
  const list: Sketch[] = [
    {
      state: 'chan receive',
      frames: [own('internal/pay', '(*Client).watch', 'stream.go', 88), own('internal/pay', '(*Client).Subscribe.gowrap1', 'stream.go', 61)],
      createdBy: own('internal/api', '(*Handler).Create', 'order.go', 141),
      count: 118_204,
      minutes: { 0: 4_120, 1: 8_200, 3: 9_000, 9: 20_410, 21: 26_000, 44: 30_474, 96: 15_000, 189: 5_000 },
      labels: [['endpoint', '/order', 117_022], ['tenant', 'acme', 640], ['tenant', '<script>alert(1)</script>', 542]],
      object: '0xc0004a8120',
    },
    {
      state: 'sync.Mutex.Lock',
      frames: [
        std('sync.(*Mutex).Lock', 'sync/mutex.go', 46),
        own('internal/store', '(*Pool).get', 'pool.go', 57),
        own('internal/store', '(*Orders).List', 'orders.go', 212),
        ...HANDLER.slice(1),
      ],
      createdBy: SERVE,
      count: 512,
      minutes: { 0: 500, 1: 12 },
      object: '0xc00031e008',
    },
    {
      state: 'IO wait',
      frames: [
        std('internal/poll.runtime_pollWait', 'runtime/netpoll.go', 351),
        std('internal/poll.(*FD).Read', 'internal/poll/fd_unix.go', 165),
        std('net.(*conn).Read', 'net/net.go', 196),
        std('net/http.(*connReader).Read', 'net/http/server.go', 798),
        std('bufio.(*Reader).Peek', 'bufio/bufio.go', 148),
        std('net/http.(*conn).serve', 'net/http/server.go', 2127),
      ],
      createdBy: SERVE,
      count: 640,
      minutes: { 0: 600, 1: 40 },
      benign: 'an idle keep-alive connection waits for its next request',
    },
    {
      state: 'select',
      frames: [at('go.opentelemetry.io/otel/sdk/trace.(*batchSpanProcessor).processQueue', '/home/ci/go/pkg/mod/go.opentelemetry.io/otel/sdk@v1.31.0/trace/batch_span_processor.go', 316)],
      createdBy: at('go.opentelemetry.io/otel/sdk/trace.NewBatchSpanProcessor', '/home/ci/go/pkg/mod/go.opentelemetry.io/otel/sdk@v1.31.0/trace/batch_span_processor.go', 116),
      count: 1,
      minutes: { 192: 1 },
      benign: 'the exporter of spans runs for as long as the process',
    },
    {
      state: 'semacquire',
      frames: [std('sync.runtime_Semacquire', 'runtime/sema.go', 71), std('sync.(*WaitGroup).Wait', 'sync/waitgroup.go', 118), own('internal/batch', 'Run[...].func2', 'run.go', 33)],
      createdBy: own('internal/batch', 'Run[...]', 'run.go', 30),
      count: 37,
      minutes: { 12: 20, 40: 17 },
    },
  ]
  const next = random(7)
  const verbs = ['load', 'sync', 'publish', 'refresh', 'merge', 'index', 'drain', 'notify']
  const states = ['chan receive', 'chan send', 'select', 'IO wait', 'sleep', 'running', 'runnable', 'syscall']
  for (let i = 0; i < 260; i += 1) {
    const path = `internal/mod${Math.floor(next() * 30)}`
    const verb = verbs[Math.floor(next() * verbs.length)]!
    const depth = 2 + Math.floor(next() * 14)
    const frames = Array.from({ length: depth }, (_, level) => own(level === 0 ? path : `internal/layer${(i + level) % 9}`, `(*Worker).${verb}${level === 0 ? i : level}`, `${verb}.go`, 20 + level * 13 + (i % 7)))
    const count = 1 + Math.floor(next() ** 6 * 90)
    list.push({ state: states[Math.floor(next() * states.length)]!, frames, createdBy: own('cmd/orders', `start${i % 12}`, 'main.go', 40 + (i % 60)), count, minutes: i % 3 ? { [Math.floor(next() * 9)]: count } : {} })
  }
  return list
}

export function incident(): Envelope {
  const clusters: ClusterReport[] = []
  const families: FamilyReport[] = []
  const states: Record<string, number> = {}
  let line = 1
  for (const [index, sketch] of sketches().entries()) {
    states[sketch.state] = (states[sketch.state] ?? 0) + sketch.count
    const parts = index === 0 ? [118_000, 204] : [sketch.count]
    const ids = parts.map((count, part) => {
      const cluster = clusterOf(sketch, index * 10 + part + 1, count, line, part === 0 ? sketch.minutes : { 2: 204 })
      if (index === 0 && part === 0) cluster.wait_minutes = { ...sketch.minutes, 0: 3_916 }
      line += cluster.sample!.split('\n').length
      clusters.push(cluster)
      return cluster.id
    })
    const user = sketch.frames.find((frame) => frame.func.startsWith(MODULE)) ?? sketch.frames[0]!
    families.push({
      id: hex(0xfa0000 + index), count: sketch.count, state: sketch.state.replace(' ', '-'), at: user, created_by: sketch.createdBy, clusters: ids,
      ...(parts.length > 1 ? { similar: [ids] } : {}), wait_s: waitOf(sketch.minutes), ...(sketch.benign ? { benign: sketch.benign } : {}),
    })
  }
  families.sort((a, b) => b.count - a.count)
  clusters.sort((a, b) => b.count - a.count)
  const goroutines = clusters.reduce((sum, cluster) => sum + cluster.count, 0)
  const snapshot: SnapshotReport = {
    goroutines, truncated: false, origin: 'debug=2 text', taken_at: '2026-11-21T10:02:11.480Z', states, families, clusters,
    blocking_points: families.slice(0, 12).map((family) => ({ state: family.state, at: family.at, count: family.count })),
    module_entropy: 0.31, mean_depth: 2.4, distinct_stacks: clusters.length,
  }
  return { ...judgedOf(snapshot), snapshot, series: seriesOf(snapshot), flame: flameOf(clusters, 'all goroutines') }
}

function clusterOf(sketch: Sketch, id: number, count: number, line: number, minutes: Record<number, number>): ClusterReport {
  const age = Math.max(0, ...Object.keys(minutes).map(Number))
  const text = [`goroutine ${17 + id} [${sketch.state}${age > 0 ? `, ${age} minutes` : ''}]:`]
  for (const frame of sketch.frames) text.push(`${frame.func}(0xc000123456, 0x1)`, `\t${frame.file}:${frame.line} +0x1d`)
  text.push(`created by ${sketch.createdBy.func} in goroutine 12`, `\t${sketch.createdBy.file}:${sketch.createdBy.line} +0x85`)
  return {
    id: hex(0xc10000 + id), count, state: sketch.state, wait_s: waitOf(minutes), wait_minutes: { ...minutes }, depth: sketch.frames.length, frames: sketch.frames, created_by: sketch.createdBy,
    ...(sketch.labels ? { labels: sketch.labels.map(([key, value, n]) => ({ key, value, count: n })) } : {}),
    ...(sketch.object ? { objects: [[sketch.object, count]] as [string, number][] } : {}),
    goroutine_ids: Array.from({ length: Math.min(8, count) }, (_, at) => 17 + id + at * 3), line, offset: line * 61, sample: `${text.join('\n')}\n`,
    ...(sketch.benign ? { benign: sketch.benign } : {}),
  }
}

function waitOf(minutes: Record<number, number>): { min: number; p50: number; max: number } | null {
  const ages = Object.keys(minutes).map(Number).sort((a, b) => a - b)
  return ages.length ? { min: ages[0]! * 60, p50: ages[ages.length >> 1]! * 60, max: ages.at(-1)! * 60 } : null
}

function seriesOf(snapshot: SnapshotReport): SeriesReport {
  const seconds = Array.from({ length: 24 }, (_, step) => step * 5)
  const families = snapshot.families.slice(0, 8).map((family, rank) => ({
    id: family.id,
    counts: seconds.map((second) => (rank === 0 ? family.count - 412 * (115 - second) : Math.max(1, Math.round(family.count * (0.9 + 0.1 * Math.sin(second / 7 + rank)))))),
  }))
  const start = Date.parse('2026-11-21T10:00:16.480Z')
  return {
    times: seconds.map((second) => new Date(start + second * 1000).toISOString()), seconds, families,
    goroutines: seconds.map((_, step) => snapshot.goroutines - families[0]!.counts.at(-1)! + families[0]!.counts[step]!),
  }
}

function judgedOf(snapshot: SnapshotReport): Omit<Envelope, 'snapshot' | 'series' | 'flame'> {
  const [leak, , convoy] = snapshot.families
  const group = snapshot.families.find((family) => family.at.func.includes('batch'))!
  const target = 'http://127.0.0.1:6060'
  return {
    schema: 'goherd/1', command: 'doctor', goherd: '0.1.0', verdict: 'findings',
    targets: [{ kind: 'url', name: target, go_version: 'go1.26.8', witnesses: ['goroutine?debug=1', 'goroutine?debug=2'], bytes: 71_303_168, looked_s: 120.4, cost: '24 requests, 3 ms stopped' }],
    findings: [
      {
        id: 'LK005', target, title: 'context never cancelled', severity: 'critical', certainty: 'suspected', count: leak!.count, rate_per_s: 412, at: leak!.at, started_by: leak!.created_by ?? null,
        waits_on: 'chan receive', since_s: leak!.wait_s ?? null,
        evidence: [
          { kind: 'growth', text: 'the stack grew from 70,824 to 118,204 goroutines over 115 s, +412/s', args: { from: '70824', to: '118204' } },
          { kind: 'presence', text: 'the same stack stood in 10 of the last 10 windows' },
          { kind: 'creator-returned', text: 'the function that started them is no longer on its goroutine’s stack', place: leak!.created_by ?? undefined },
        ],
        why: 'The loop ends only when its context is cancelled, and nothing cancels it.', fix: 'Pass the request’s context and defer cancel().',
        next: ['goherd explain LK005', `goherd doctor ${target} --for 60s`], fingerprint: hex(0x51), also: ['LK002'], family: leak!.id,
      },
      {
        id: 'DL007', target, title: 'goroutines queue behind one lock holder', severity: 'warning', certainty: 'suspected', count: convoy!.count, rate_per_s: 1.2, at: convoy!.at, started_by: convoy!.created_by ?? null,
        waits_on: 'sync.Mutex.Lock on 0xc00031e008', since_s: convoy!.wait_s ?? null, evidence: [{ kind: 'shared-object', text: '512 goroutines wait on 0xc00031e008' }],
        why: 'One holder keeps the lock across slow work.', fix: 'Hold the lock for the map access only.', next: ['goherd explain DL007'], fingerprint: hex(0x52), family: convoy!.id,
      },
    ],
    candidates: ['LK006', 'LK012'].map((id, at) => ({
      id, target, title: at === 0 ? 'WaitGroup never done' : 'worker pool without stop', rank: at + 1, family_rank: at + 1, count: group.count, rate_per_s: null, at: group.at, started_by: group.created_by ?? null,
      waits_on: 'sync.WaitGroup.Wait', since_s: group.wait_s ?? null, evidence: [{ kind: 'shape', text: '37 goroutines stand in sync.(*WaitGroup).Wait' }],
      why: 'A counted goroutine returns without Done.', fix: 'Defer wg.Done() first.', decide_by: [`goherd doctor ${target} --for 60s`], fingerprint: hex(0x61 + at), family: group.id,
    })),
    notes: [{ kind: 'not-asked', text: 'goroutineleak: the target runs Go 1.26, the profile exists from 1.27' }, { kind: 'skipped', offset: 402, text: '12 bytes before the first goroutine' }],
    hidden: { benign_goroutines: 641 },
  }
}

/** A call tree of `rows` rows, depth up to 60, in the columns of an envelope. */
export function wideFlame(rows: number, seed = 3): Flame {
  const next = random(seed)
  const names = Array.from({ length: 5000 }, (_, at) => `github.com/acme/mod${at % 97}/pkg${at % 311}.(*T${at % 53}).Method${at}`)
  names[0] = 'all goroutines'
  const flame: Flame = { unit: 'goroutines', names, name: [0], depth: [0], start: [0], total: [1_000_000], folded_rows: 0, folded_total: 0 }
  const walk: { start: number; total: number; depth: number }[] = [{ start: 0, total: 1_000_000, depth: 0 }]
  while (walk.length > 0 && flame.name.length < rows) {
    const node = walk.pop()!
    if (node.depth > 60 || node.total < 2) continue
    if (node.depth > 0) {
      flame.name.push(1 + Math.floor(next() * 4999))
      flame.depth.push(node.depth)
      flame.start.push(node.start)
      flame.total.push(node.total)
    }
    let left = node.start
    const parts: typeof walk = []
    for (let rest = node.total; rest > 1 && parts.length < 12; ) {
      const part = Math.max(1, Math.floor(rest * (0.2 + next() * 0.6)))
      parts.push({ start: left, total: part, depth: node.depth + 1 })
      left += part
      rest -= part
    }
    walk.push(...parts.reverse())
  }
  return flame
}
