// A fact's sentence in another language than the envelope's English.
import type { Evidence } from './envelope.ts'
import { whole } from './figure.ts'

/** The sentence for this pattern, else for every pattern; undefined when the language has none for these very values. */
export function sentenceOf(table: Record<string, string>, pattern: string, evidence: Evidence, lang: string): string | undefined {
  const args = evidence.args ?? {}
  const key = [evidence.kind, ...Object.keys(args).sort()].join('-')
  const sentence = table[`${pattern}-${key}`] ?? table[key]
  return sentence?.replace(/\{(\w+)\}/g, (mark, name: string) => {
    const value = args[name]
    return value === undefined ? mark : /^\d+$/.test(value) ? whole(Number(value), lang) : value
  })
}
