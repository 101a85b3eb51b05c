// The goherd command that answers what a page shows.
import type { Envelope } from './envelope.ts'
import type { Route } from './route.ts'

export function commandFor(envelope: Envelope | null, route: Route): string {
  if (route.page === 'pattern') return `goherd explain ${quoted(route.id)}`
  if (route.page === 'patterns') return 'goherd explain'
  const targets = envelope ? targetsOf(envelope) : 'TARGET'
  if (targets === '') return 'goherd demo'
  if (route.page === 'groups') return `goherd snap ${targets}`
  if (route.page === 'flame') return `goherd flame ${targets} --format svg`
  if (route.page === 'stack') {
    return `goherd snap ${targets} --format json | jq '.snapshot.clusters[] | select(.id == "${route.id.replace(/[^0-9a-zA-Z_-]/g, '')}")'`
  }
  return `goherd doctor ${targets}`
}

/** Empty for a recorded incident, which is no target of its own. */
function targetsOf(envelope: Envelope): string {
  if (envelope.command === 'demo' || envelope.targets.some((target) => target.kind === 'recording')) return ''
  if (envelope.targets.length === 0) return 'TARGET'
  return envelope.targets.map((target) => (target.kind === 'stdin' ? '-' : quoted(target.name))).join(' ')
}

/** `goherd doctor A B: dumps ten seconds apart` as its command and its words; a text that is no command is all words. */
export function splitLead(text: string): { command: string; words: string } {
  if (!/^(goherd|go|curl|kill|GOTRACEBACK=\S+) /.test(text)) return { command: '', words: text }
  const colon = text.indexOf(': ')
  return colon < 0 ? { command: text, words: '' } : { command: text.slice(0, colon), words: text.slice(colon + 2) }
}

/** A word a POSIX shell reads as it stands. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
