// Sentences of an answer in other languages, taken from where the text sinks and the catalogue have them, so that they stand in one place.
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const NAME = 'virtual:sentences'
const read = (path: string): string => readFileSync(new URL(`../../crates/${path}`, import.meta.url), 'utf8')

/** `evidence-growth-from-to = { $from } 增至 { $to }` as `growth-from-to` → `{from} 增至 {to}`. */
export function sentencesOf(ftl: string, start = 'evidence-'): Record<string, string> {
  const lines = [...ftl.matchAll(/^([\w-]+) *= *(.+)$/gm)].filter((line) => line[1]!.startsWith(start))
  return Object.fromEntries(lines.map((line) => [line[1]!.slice(start.length), line[2]!.replace(/\{ *\$(\w+) *\}/g, '{$1}')]))
}

/** English sentences with gaps and their translations, those with the most words of their own first. */
export function formsOf(en: string, other: string): [string, string][] {
  const [own, theirs] = [sentencesOf(en, 'sentence-'), sentencesOf(other, 'sentence-')]
  // What to do about a failure stands in no answer.
  const forms = Object.entries(own).filter(([key]) => !key.startsWith('do-')).map(([key, text]): [string, string] => [text, theirs[key]!])
  const words = ([text]: [string, string]): number => new TextEncoder().encode(text.replace(/\{\w+\}/g, '')).length
  return forms.sort((a, b) => words(b) - words(a))
}

/** Why known long waiters are healthy: pairs of an English and a Chinese string. */
export function reasonsOf(rust: string): [string, string][] {
  const pairs = [...rust.matchAll(/"([^"]+)",\s*(?:zh: )?"([^"]*\p{Script=Han}[^"]*)"/gu)].map((pair): [string, string] => [pair[1]!, pair[2]!])
  return [...new Map(pairs)]
}

export function readSentences(): { facts: Record<string, string>; forms: [string, string][] } {
  const [en, zh] = [read('herd-sinks/messages/en.ftl'), read('herd-sinks/messages/zh-CN.ftl')]
  return { facts: sentencesOf(zh), forms: [...formsOf(en, zh), ...reasonsOf(read('herd-patterns/src/benign.rs'))] }
}

export function sentences(): Plugin {
  return {
    name: 'goherd-sentences',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? `export const { facts, forms } = ${JSON.stringify(readSentences())}` : undefined),
  }
}
