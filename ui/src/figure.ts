// Numbers as people read them, by language.
import type { Spread } from './envelope.ts'

const formats = new Map<string, Intl.NumberFormat>()

/** Making a format costs a hundred times what using it does, and a timeline writes hundreds of numbers a frame. */
function format(lang: string, least: number, most: number, signed: boolean): Intl.NumberFormat {
  const key = `${lang} ${least} ${most} ${signed}`
  let known = formats.get(key)
  if (!known) {
    known = new Intl.NumberFormat(lang, { minimumFractionDigits: least, maximumFractionDigits: most, signDisplay: signed ? 'exceptZero' : 'auto' })
    formats.set(key, known)
  }
  return known
}

export function whole(n: number, lang: string): string {
  return format(lang, 0, 0, false).format(n)
}

export function percent(part: number, all: number, lang: string): string {
  if (all <= 0) return '–'
  const share = (100 * part) / all
  const digits = share === 0 || share >= 99.95 ? 0 : share >= 10 ? 1 : share >= 1 ? 1 : 2
  return `${format(lang, digits, digits, false).format(share)} %`
}

export function rate(perSecond: number, lang: string): string {
  const digits = Math.abs(perSecond) >= 10 ? 0 : Math.abs(perSecond) >= 1 ? 1 : 2
  return `${signed(perSecond, digits, lang)}/s`
}

export function decimal(n: number, digits: number, lang: string): string {
  return format(lang, 0, digits, false).format(n)
}

/** With its sign, whichever it is. */
export function signed(n: number, digits: number, lang: string): string {
  return format(lang, 0, digits, true).format(n)
}

/** Time spent, which may be milliseconds. */
export function seconds(s: number, lang: string): string {
  return s < 1 ? `${decimal(s * 1000, s < 0.01 ? 1 : 0, lang)} ms` : `${decimal(s, 1, lang)} s`
}

export function bytes(n: number, lang: string): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  let value = n
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024
    at += 1
  }
  return `${decimal(value, at === 0 || value >= 100 ? 0 : 1, lang)} ${units[at]}`
}

/** Dumps count whole minutes, so 0 s means "below a minute". */
export function duration(seconds: number): string {
  if (seconds <= 0) return '< 1m'
  if (seconds < 60) return `${Math.round(seconds * 10) / 10}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 100) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${String(minutes % 60).padStart(2, '0')}m`
  return `${Math.floor(hours / 24)}d${hours % 24 === 0 ? '' : `${hours % 24}h`}`
}

export function spread(wait: Spread | null | undefined): string {
  if (!wait) return '–'
  if (wait.min === wait.max) return duration(wait.max)
  return `${duration(wait.min)} … ${duration(wait.max)}`
}
