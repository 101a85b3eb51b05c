// Weights of call trees as people read them, by their unit.
import { bytes, decimal, signed, whole } from '../figure.ts'
import { lang, sayOr } from '../say.svelte.ts'

const SECONDS_OF: Record<string, number> = { nanoseconds: 1e-9, microseconds: 1e-6, milliseconds: 1e-3, seconds: 1 }

/** `1.28 s`, `3.4 MiB`, `118,204 goroutines`, `12`. */
export function amount(n: number, unit: string): string {
  const time = SECONDS_OF[unit]
  const sign = n < 0 ? '−' : ''
  if (time !== undefined) return sign + timeOf(Math.abs(n) * time)
  if (unit === 'bytes') return sign + bytes(Math.abs(n), lang())
  const noun = unit === 'count' || unit === '' ? '' : ` ${sayOr(`flame.unit.${unit}`, unit)}`
  return whole(n, lang()) + noun
}

/** The same where a column's head names the unit. */
export function figure(n: number, unit: string): string {
  return SECONDS_OF[unit] !== undefined || unit === 'bytes' ? amount(n, unit) : whole(n, lang())
}

function timeOf(s: number): string {
  if (s === 0) return '0 s'
  if (s < 1e-6) return `${decimal(s * 1e9, 0, lang())} ns`
  if (s < 1e-3) return `${decimal(s * 1e6, 1, lang())} µs`
  if (s < 120) return s < 1 ? `${decimal(s * 1e3, 1, lang())} ms` : `${decimal(s, 2, lang())} s`
  return s < 7200 ? `${decimal(s / 60, 1, lang())} min` : `${decimal(s / 3600, 1, lang())} h`
}

/** How much a weight changed: in per cent of the one before. */
export function change(after: number, before: number): string {
  if (before === 0) return after === 0 ? '±0 %' : sayOr('flame.new', 'new')
  const share = (100 * (after - before)) / before
  if (after === 0) return sayOr('flame.gone', 'gone')
  return `${signed(share, Math.abs(share) < 10 ? 1 : 0, lang())} %`
}

