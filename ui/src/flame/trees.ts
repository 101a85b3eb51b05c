// Trees of the report's columns, built when first looked at: a million rows are only worth their time on a page that shows them.
import type { Flame } from '../envelope.ts'
import { flameTree, type FlameTree, type Side } from './layout.ts'

const trees = new WeakMap<Flame, Partial<Record<Side, FlameTree>>>()

export function treeOf(flame: Flame, side: Side = 'after'): FlameTree {
  let sides = trees.get(flame)
  if (!sides) trees.set(flame, (sides = {}))
  return (sides[side] ??= flameTree(flame, side))
}
