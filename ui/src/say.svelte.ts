// Interface text in the chosen language; reading it in a component follows the choice.
import type { Candidate, Evidence, Finding } from './envelope.ts'
import { facts, forms } from 'virtual:sentences'
import { formOf, sentenceOf, translated } from './fact.ts'
import { whole } from './figure.ts'
import { parseMarkdown, type Document } from './markdown.ts'
import en from './messages/en.json'
import zhCN from './messages/zh-CN.json'
import { options, patternPages } from './options.ts'
import { route } from './place.svelte.ts'

export type Key = keyof typeof en
export type Lang = 'en' | 'zh-CN'
type Values = Record<string, string | number>

const TABLES: Record<Lang, Record<Key, string>> = { en, 'zh-CN': zhCN }

// Derived, so that a change of anything else in the address writes no text anew.
const chosen = $derived.by<Lang>(() => {
  const asked = route().query.lang ?? options.lang
  if (asked === 'en' || asked === 'zh-CN') return asked
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
})

export function lang(): Lang {
  return chosen
}

export function say(key: Key, values: Values = {}): string {
  return TABLES[lang()][key].replace(/\{(\w+)\}/g, (mark, name: string) => {
    const value = values[name]
    return value === undefined ? mark : typeof value === 'number' ? whole(value, lang()) : value
  })
}

type Counted = 'goroutines' | 'findings' | 'candidates' | 'snapshots' | 'groups' | 'stacks' | 'rows' | 'frames' | 'waits' | 'objects'

const rules = new Map<Lang, Intl.PluralRules>()

function pluralRules(of: Lang): Intl.PluralRules {
  const known = rules.get(of) ?? new Intl.PluralRules(of)
  rules.set(of, known)
  return known
}

/** "1 goroutine", "118,204 goroutines". */
export function count(noun: Counted, n: number): string {
  return say(`${noun}.${pluralRules(lang()).select(n) === 'one' ? 'one' : 'other'}`, { n })
}

/** A message whose key comes from data; the data itself when no message is known. */
export function sayOr(key: string, otherwise: string): string {
  return key in en ? say(key as Key) : otherwise
}

const parsed = new Map<string, Document>()

/** A pattern's page in the chosen language, else in English. */
export function patternPage(id: string): Document | undefined {
  const pages = patternPages[id]
  const text = pages?.[lang()] ?? pages?.en
  if (text === undefined) return undefined
  let page = parsed.get(text)
  if (!page) parsed.set(text, (page = parseMarkdown(text)))
  return page
}

/** The envelope is English; the pattern's page has the same sentence in other languages. */
export function judged(what: Finding | Candidate, field: 'title' | 'why' | 'fix'): string {
  if (lang() === 'en') return what[field]
  return patternPages[what.id]?.[lang()] ? (patternPage(what.id)?.meta[field] ?? what[field]) : what[field]
}

/** What an evidence states; English where the chosen language has no sentence for it. */
export function fact(pattern: string, evidence: Evidence): string {
  return (lang() === 'en' ? undefined : sentenceOf(facts, pattern, evidence, lang())) ?? sentence(evidence.text)
}

const compiled = forms.map(formOf)

/** An English sentence of the answer in the chosen language; as it is where its form is not known. */
export function sentence(text: string): string {
  return (lang() === 'en' ? undefined : translated(compiled, text)) ?? text
}

/** The language a text of the answer is shown in, where that is not the page's. */
export function langOf(text: string): 'en' | undefined {
  return lang() !== 'en' && sentence(text) === text ? 'en' : undefined
}
