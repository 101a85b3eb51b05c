// Colours of a heat table: indices into the seven steps that comparisons are drawn with, blue for less, orange for more.

/** `amount`: from none to the largest. `change`: from as much less as the largest change to as much more. */
export type HeatKind = 'amount' | 'change'

const NEUTRAL = 3

/** Steps of the square root, so that a tenth of the largest is told from none. */
export function heatColour(value: number, largest: number, kind: HeatKind): number {
  if (largest <= 0 || value === 0 || Number.isNaN(value)) return NEUTRAL
  const step = Math.min(3, Math.ceil(Math.sqrt(Math.min(1, Math.abs(value) / largest)) * 3))
  return kind === 'change' && value < 0 ? NEUTRAL - step : NEUTRAL + step
}
