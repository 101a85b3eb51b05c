// The wait graph of an envelope as a picture: nodes with what they are next to, and lines with what they mean.
import type { GraphGroup, GraphObject, GraphWait, Holder, WaitCycle, WaitGraph } from '../envelope.ts'

export type Node = { id: string; ring?: Ring } & ({ group: GraphGroup; object?: undefined } | { object: GraphObject; group?: undefined })

/** A ring's number in the list, and how certain it is. */
export interface Ring {
  number: number
  kind: RingKind
}

/** A deadlock; what looks like one; what may still be woken. */
export type RingKind = 'proven' | 'recorded' | 'possible' | 'reachable'

export type Edge = { from: string; to: string; ring?: Ring } & ({ wait: GraphWait; holder?: undefined; rank?: undefined } | { wait?: undefined; holder?: Holder; rank: number })

export interface Picture {
  nodes: Node[]
  edges: Edge[]
  byId: Map<string, Node>
  /** Indices of the edges that touch a node. */
  touching: Map<string, number[]>
}

export function ringKind(cycle: WaitCycle): RingKind {
  if (cycle.proven) return 'proven'
  if (cycle.open.includes('still-reachable')) return 'reachable'
  return cycle.steps.every((step) => step.holder_known) ? 'recorded' : 'possible'
}

const WORST: RingKind[] = ['proven', 'recorded', 'possible', 'reachable']

export function picture(graph: WaitGraph): Picture {
  const rings = ringsOf(graph)
  // Each object is followed by who waits on it, so that what is pressing comes first and what belongs together stands together.
  const groups = new Map(graph.groups.map((group) => [group.id, group]))
  const nodes = new Map<string, Node>()
  const add = (node: Node): void => {
    if (!nodes.has(node.id)) nodes.set(node.id, { ...node, ring: rings.nodes.get(node.id) } as Node)
  }
  const waitsOn = grouped(graph.waits, (wait) => wait.object)
  for (const object of graph.objects) {
    for (const wait of waitsOn.get(object.id) ?? []) {
      const group = groups.get(wait.group)
      if (group) add({ id: group.id, group })
    }
    add({ id: object.id, object })
  }
  for (const group of graph.groups) add({ id: group.id, group })
  const edges = edgesOf(graph, nodes, rings)
  const touching = new Map<string, number[]>([...nodes.keys()].map((id) => [id, []]))
  edges.forEach((edge, at) => {
    touching.get(edge.from)!.push(at)
    if (edge.to !== edge.from) touching.get(edge.to)!.push(at)
  })
  return { nodes: [...nodes.values()], edges, byId: nodes, touching }
}

interface Rings {
  nodes: Map<string, Ring>
  /** By `from>to`. */
  edges: Map<string, Ring>
}

function ringsOf(graph: WaitGraph): Rings {
  const rings: Rings = { nodes: new Map(), edges: new Map() }
  const mark = (map: Map<string, Ring>, key: string, ring: Ring): void => {
    const known = map.get(key)
    if (!known || WORST.indexOf(ring.kind) < WORST.indexOf(known.kind)) map.set(key, ring)
  }
  graph.cycles.forEach((cycle, at) => {
    const ring = { number: at + 1, kind: ringKind(cycle) }
    cycle.steps.forEach((step, place) => {
      const next = cycle.steps[(place + 1) % cycle.steps.length]!
      if (step.group) mark(rings.nodes, step.group, ring)
      if (step.object) mark(rings.nodes, step.object, ring)
      if (step.group && step.object) mark(rings.edges, `${step.group}>${step.object}`, ring)
      if (step.object && next.group) mark(rings.edges, `${step.object}>${next.group}`, ring)
    })
  })
  return rings
}

function edgesOf(graph: WaitGraph, nodes: Map<string, Node>, rings: Rings): Edge[] {
  const edges: Edge[] = []
  for (const wait of graph.waits) {
    if (nodes.has(wait.group) && nodes.has(wait.object)) edges.push({ from: wait.group, to: wait.object, wait, ring: rings.edges.get(`${wait.group}>${wait.object}`) })
  }
  const drawn = new Set<string>()
  for (const object of graph.objects) {
    object.holders.forEach((holder, at) => {
      const key = `${object.id}>${holder.group}`
      if (!holder.group || !nodes.has(holder.group) || drawn.has(key)) return
      drawn.add(key)
      edges.push({ from: object.id, to: holder.group, holder, rank: at + 1, ring: rings.edges.get(key) })
    })
  }
  // A ring's step is drawn even where the list of holders ends before it.
  for (const [key, ring] of rings.edges) {
    const [from, to] = key.split('>') as [string, string]
    if (!nodes.get(from)?.object || !nodes.has(to) || drawn.has(key)) continue
    edges.push({ from, to, rank: 0, ring })
  }
  return edges
}

function grouped<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const list = groups.get(key(item))
    if (list) list.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
