// Sentences of an answer in another language than the envelope's English.
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

/** An English form with gaps, ready to be looked for, and its translation. */
export interface Form {
  form: RegExp
  words: string
}

/** A gap whose name is one letter holds a figure. */
export function formOf([english, words]: [string, string]): Form {
  const escaped = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  const form = escaped.replace(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>${name.length === 1 ? '[\\d,.]+' : '.+?'})`)
  return { form: new RegExp(`^${form}$`, 's'), words }
}

/** The sentence in the other language; what stands in its gaps may be one itself. Undefined when no form fits. */
export function translated(forms: Form[], text: string, depth = 3): string | undefined {
  for (const { form, words } of forms) {
    const found = form.exec(text)
    if (!found) continue
    return words.replace(/\{(\w+)\}/g, (mark, name: string) => {
      const value = found.groups?.[name] ?? mark
      return (depth > 0 ? translated(forms, value, depth - 1) : undefined) ?? value
    })
  }
  // A name and what is said of it.
  for (let at = text.indexOf(': '); depth > 0 && at >= 0; at = text.indexOf(': ', at + 1)) {
    const rest = translated(forms, text.slice(at + 2), depth - 1)
    if (rest !== undefined) return `${text.slice(0, at)}：${rest}`
  }
  return depth > 0 ? listed(forms, text, depth - 1) : undefined
}

/** Names with reasons behind them: `readme (empty), a.gz (gzip-compressed data)`. */
function listed(forms: Form[], text: string, depth: number): string | undefined {
  const parts = text.split(', ').map((part) => {
    const found = /^(.+?) \((.+)\)$/s.exec(part)
    const reason = found ? translated(forms, found[2]!, depth) : undefined
    return reason === undefined ? undefined : `${found![1]}（${reason}）`
  })
  return parts.includes(undefined) ? undefined : parts.join('、')
}
