// The report on screen and what every page derives from it once.
import type { ClusterReport, Envelope, FamilyReport, Flame } from './envelope.ts'
import { answer, loadEnvelope } from './options.ts'
import { begin } from './place.svelte.ts'
import { flameOf } from './flame/layout.ts'

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
  if (location.hash !== '') return
  if (answer) begin('answer')
  else if (envelope.command === 'graph' && envelope.graph) begin('graph')
  else if (envelope.profile && !envelope.snapshot) begin('flame')
}

export function show(envelope: Envelope): void {
  home(envelope)
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

const made = new WeakMap<Envelope, Flame>()

/** The call tree of all goroutines; for envelopes that carry none, made of their clusters. */
export function flameOfReport(from: Report): Flame {
  if (from.envelope.flame) return from.envelope.flame
  let flame = made.get(from.envelope)
  if (!flame) made.set(from.envelope, (flame = flameOf(from.envelope.snapshot?.clusters ?? [], 'all goroutines')))
  return flame
}
