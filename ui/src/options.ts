// What the page was given: the envelope, pattern pages and options, inlined by goherd or served beside this page.
import type { Envelope } from './envelope.ts'
import { keep } from './flame/packed.ts'

export interface Options {
  /** Template of links to source, with `{file}` and `{line}`. */
  source_url?: string
  /** Language unless the address names one; else the browser's. */
  lang?: string
}

/** An answer that is figures: a verdict in a sentence and tables. */
export interface Answer {
  verdict: 'pass' | 'fail' | 'inconclusive' | ''
  /** Language → words. */
  words: Record<string, { sentence: string; sheets: Sheet[] }>
  /** An SVG, where there is one. */
  drawing: string | null
}

export interface Sheet {
  title: string
  head: { text: string; right: boolean }[]
  rows: string[][]
  /** Sentences under the table. */
  remarks: string[]
  /** A colour a cell from -1 to 1, or none. */
  heat: (number | null)[][]
}

/** Pattern id → language → Markdown. */
export type PatternPages = Record<string, Record<string, string>>

export const options: Options = inlined<Options>('goherd-options') ?? {}
export const patternPages: PatternPages = inlined<PatternPages>('goherd-pages') ?? {}

export const answer: Answer | null = inlined<Answer>('goherd-answer')

export async function loadEnvelope(): Promise<Envelope | null> {
  const given = inlined<unknown>('goherd-envelope')
  if (given !== null) {
    const envelope = checked(given)
    keep(envelope, inlined<Record<string, string>>('goherd-flames') ?? {})
    return envelope
  }
  if (!location.protocol.startsWith('http')) return null
  const answer = await fetch('./api/envelope', { headers: { accept: 'application/json' } })
  if (answer.status === 404) return null
  if (!answer.ok) throw new Error(`./api/envelope: ${answer.status} ${answer.statusText}`)
  return checked(await answer.json())
}

/** An envelope of the version this page knows, or an error that says what it is instead. */
export function checked(value: unknown): Envelope {
  const schema = value !== null && typeof value === 'object' && 'schema' in value ? String(value.schema) : ''
  if (schema !== 'goherd/1') throw new Error(schema ? `schema ${schema}, this page reads goherd/1` : 'no goherd envelope (no "schema")')
  return value as Envelope
}

function inlined<T>(id: string): T | null {
  const text = document.getElementById(id)?.textContent?.trim()
  return text ? (JSON.parse(text) as T | null) : null
}
