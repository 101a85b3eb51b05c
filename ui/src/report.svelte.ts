// The report on screen and what every page derives from it once.
import type { ClusterReport, Envelope, FamilyReport } from './envelope.ts'
import { loadEnvelope } from './options.ts'
import { begin } from './place.svelte.ts'
import { flameOf, flameTree, type FlameTree } from './flame/layout.ts'

interface Report {
  envelope: Envelope
  clusters: Map<string, ClusterReport>
  families: Map<string, FamilyReport>
  /** Function → file, for telling whose code a frame of the flame graph is. */
  files: Map<string, string>
}

interface Loading {
  step: 'loading' | 'empty' | 'failed' | 'ready'
  reason: string
  report: Report | null
}

let current = $state.raw<Loading>({ step: 'loading', reason: '', report: null })

export function loading(): Loading {
  return current
}

export function report(): Report | null {
  return current.report
}

export async function load(): Promise<void> {
  try {
    const envelope = await loadEnvelope()
    if (envelope) home(envelope)
    current = envelope ? { step: 'ready', reason: '', report: indexed(envelope) } : { step: 'empty', reason: '', report: null }
  } catch (error) {
    fail(error)
  }
}

/** An address that names no page opens what was asked for. */
function home(envelope: Envelope): void {
  if (envelope.command === 'graph' && envelope.graph && location.hash === '') begin('graph')
}

export function show(envelope: Envelope): void {
  current = { step: 'ready', reason: '', report: indexed(envelope) }
}

export function fail(error: unknown): void {
  current = { step: 'failed', reason: error instanceof Error ? error.message : String(error), report: null }
}

function indexed(envelope: Envelope): Report {
  const snapshot = envelope.snapshot
  const files = new Map<string, string>()
  for (const cluster of snapshot?.clusters ?? []) {
    for (const frame of cluster.frames) files.set(frame.func, frame.file)
    if (cluster.created_by) files.set(`created by ${cluster.created_by.func}`, cluster.created_by.file)
  }
  return {
    envelope,
    clusters: new Map(snapshot?.clusters.map((cluster) => [cluster.id, cluster])),
    families: new Map(snapshot?.families.map((family) => [family.id, family])),
    files,
  }
}

const trees = new WeakMap<Envelope, FlameTree>()

/** Built when first looked at: a hundred thousand rows are only worth their time on the flame page. */
export function flameOfReport(from: Report): FlameTree {
  let tree = trees.get(from.envelope)
  if (!tree) trees.set(from.envelope, (tree = flameTree(from.envelope.flame ?? flameOf(from.envelope.snapshot?.clusters ?? [], 'all goroutines'))))
  return tree
}
