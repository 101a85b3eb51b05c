// Sentences of facts in other languages, taken from the message tables of the text sinks so that they stand in one place.
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const NAME = 'virtual:sentences'
const TABLE = new URL('../../crates/herd-sinks/messages/zh-CN.ftl', import.meta.url)

/** `evidence-growth-from-to = { $from } 增至 { $to }` as `growth-from-to` → `{from} 增至 {to}`. */
export function sentencesOf(ftl: string): Record<string, string> {
  const lines = [...ftl.matchAll(/^evidence-(\S+) *= *(.+)$/gm)]
  return Object.fromEntries(lines.map((line) => [line[1]!, line[2]!.replace(/\{ *\$(\w+) *\}/g, '{$1}')]))
}

export function readSentences(): Record<string, string> {
  return sentencesOf(readFileSync(TABLE, 'utf8'))
}

export function sentences(): Plugin {
  return {
    name: 'goherd-sentences',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? `export default ${JSON.stringify(readSentences())}` : undefined),
  }
}
