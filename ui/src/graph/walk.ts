// Moving between nodes by arrow keys: along lines first, else to what is nearest in that direction.
import type { Picture } from './picture.ts'
import type { Plan } from './layout.ts'

export type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'

export const isArrow = (key: string): key is Arrow => /^Arrow(Up|Down|Left|Right)$/.test(key)

/** The node an arrow leads to; the same where there is none. */
export function walk(picture: Picture, plan: Plan, from: string, arrow: Arrow): string {
  const start = plan.boxes.get(from)
  if (!start) return picture.nodes[0]?.id ?? from
  const across = arrow === 'ArrowLeft' || arrow === 'ArrowRight'
  const sign = arrow === 'ArrowRight' || arrow === 'ArrowDown' ? 1 : -1
  const along = (id: string): number => sign * (across ? plan.boxes.get(id)!.x - start.x : plan.boxes.get(id)!.y - start.y)
  const aside = (id: string): number => Math.abs(across ? plan.boxes.get(id)!.y - start.y : plan.boxes.get(id)!.x - start.x)
  const nearest = (ids: string[], cost: (id: string) => number): string | undefined =>
    ids.filter((id) => id !== from && along(id) > 0).sort((a, b) => cost(a) - cost(b))[0]
  if (across) {
    const beside = picture.touching.get(from)!.map((at) => picture.edges[at]!).map((edge) => (edge.from === from ? edge.to : edge.from))
    const found = nearest(beside, aside)
    if (found) return found
  }
  return nearest(picture.nodes.map((node) => node.id), (id) => along(id) + 3 * aside(id)) ?? from
}
