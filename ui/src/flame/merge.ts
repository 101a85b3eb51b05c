// Callers and callees of one function: all its places in a call tree merged into two trees of their own.
import { flameTree, type FlameTree } from './layout.ts'

export interface Sandwich {
  /** The function at the root, what calls it below it, level by level. */
  callers: FlameTree
  /** The function at the root, what it calls below it. */
  callees: FlameTree
  /** Rows of the whole tree that were merged. */
  places: number
}

/** A call inside a call of the same function belongs to the outer one, so that nothing counts twice. Cost: linear in the rows above and
 * below the function. */
export function sandwich(tree: FlameTree, name: number): Sandwich {
  const callees = new Merger(tree, name)
  const callers = new Merger(tree, name)
  const nodes = new Int32Array(tree.levels.length + 1)
  let places = 0
  for (let row = 0; row < tree.name.length; row += 1) {
    if (tree.name[row] !== name) continue
    places += 1
    const until = tree.after[row]!
    const top = tree.depth[row]!
    callees.add(0, row)
    nodes[0] = 0
    for (let below = row + 1; below < until; below += 1) {
      const level = tree.depth[below]! - top
      const node = callees.child(nodes[level - 1]!, tree.name[below]!)
      nodes[level] = node
      callees.add(node, below)
    }
    let node = 0
    callers.add(0, row)
    for (let above = tree.parent[row]!; above >= 0; above = tree.parent[above]!) {
      node = callers.child(node, tree.name[above]!)
      callers.add(node, row)
    }
    row = until - 1
  }
  return { callers: callers.tree(), callees: callees.tree(), places }
}

/** Nodes in columns, found by parent and name in a table of open addresses: a million cost no object. */
class Merger {
  private count = 1
  private name = new Uint32Array(1024)
  private total = new Float64Array(1024)
  private before: Float64Array
  private parent = new Int32Array(1024)
  private firstChild = new Int32Array(1024).fill(-1)
  private nextSibling = new Int32Array(1024).fill(-1)
  private table = new Int32Array(4096).fill(-1)

  constructor(
    private readonly of: FlameTree,
    name: number,
  ) {
    this.before = new Float64Array(1024)
    this.name[0] = name
    this.parent[0] = -1
  }

  add(node: number, row: number): void {
    const { compared, total } = this.of
    this.total[node]! += compared ? compared.after[row]! : total[row]!
    if (compared) this.before[node]! += compared.before[row]!
  }

  child(parent: number, name: number): number {
    const mask = this.table.length - 1
    let slot = (Math.imul(parent, 0x9e3779b1) ^ Math.imul(name + 1, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & mask
    for (let found = this.table[slot]!; found >= 0; found = this.table[slot]!) {
      if (this.parent[found] === parent && this.name[found] === name) return found
      slot = (slot + 1) & mask
    }
    if (this.count === this.name.length) this.grow()
    const node = this.count++
    this.name[node] = name
    this.parent[node] = parent
    this.nextSibling[node] = this.firstChild[parent]!
    this.firstChild[parent] = node
    this.table[slot] = node
    if (this.count * 2 > this.table.length) this.rehash()
    return node
  }

  private grow(): void {
    const length = this.name.length * 2
    const copy = <T extends Uint32Array | Int32Array | Float64Array>(into: T, from: T): T => (into.set(from), into)
    this.name = copy(new Uint32Array(length), this.name)
    this.total = copy(new Float64Array(length), this.total)
    this.before = copy(new Float64Array(length), this.before)
    this.parent = copy(new Int32Array(length), this.parent)
    this.firstChild = copy(new Int32Array(length).fill(-1), this.firstChild)
    this.nextSibling = copy(new Int32Array(length).fill(-1), this.nextSibling)
  }

  private rehash(): void {
    this.table = new Int32Array(this.table.length * 4).fill(-1)
    const mask = this.table.length - 1
    for (let node = 1; node < this.count; node += 1) {
      let slot = (Math.imul(this.parent[node]!, 0x9e3779b1) ^ Math.imul(this.name[node]! + 1, 0x85ebca6b)) >>> 0
      slot = (slot ^ (slot >>> 15)) & mask
      while (this.table[slot]! >= 0) slot = (slot + 1) & mask
      this.table[slot] = node
    }
  }

  /** Depth first, the heaviest child first. */
  tree(): FlameTree {
    const { names, unit, compared } = this.of
    const columns = {
      unit,
      names,
      name: new Uint32Array(this.count),
      depth: new Uint16Array(this.count),
      start: new Float64Array(this.count),
      total: new Float64Array(this.count),
      before: compared ? new Float64Array(this.count) : null,
      folded_rows: 0,
      folded_total: 0,
    }
    const ends = new Float64Array(this.of.levels.length + 2)
    const walk = [0]
    const depths = [0]
    for (let row = 0; row < this.count; row += 1) {
      const node = walk.pop()!
      const depth = depths.pop()!
      columns.name[row] = this.name[node]!
      columns.depth[row] = depth
      columns.total[row] = this.total[node]!
      if (columns.before) columns.before[row] = this.before[node]!
      columns.start[row] = ends[depth]!
      ends[depth] = ends[depth]! + this.total[node]!
      ends[depth + 1] = columns.start[row]!
      const children: number[] = []
      for (let child = this.firstChild[node]!; child >= 0; child = this.nextSibling[child]!) children.push(child)
      // The walk takes from its end.
      children.sort((a, b) => this.total[a]! - this.total[b]! || (names[this.name[a]!]! < names[this.name[b]!]! ? 1 : -1))
      for (const child of children) {
        walk.push(child)
        depths.push(depth + 1)
      }
    }
    return flameTree(columns)
  }
}
