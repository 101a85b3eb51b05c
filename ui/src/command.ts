// The goherd command that answers what a page shows.
import type { Candidate, Envelope, Finding, Step } from './envelope.ts'
import type { Route } from './route.ts'

export function commandFor(envelope: Envelope | null, route: Route): string {
  if (route.page === 'pattern') return `goherd explain ${quoted(route.id)}`
  if (route.page === 'patterns') return 'goherd explain'
  const targets = envelope ? targetsOf(envelope) : 'TARGET'
  if (targets === '') return 'goherd demo'
  if (route.page === 'groups') return `goherd snap ${targets}`
  if (route.page === 'flame') {
    const profile = envelope?.profile
    const type = profile?.types.find((one) => one.name === route.query.type)?.name
    return `goherd flame ${targets}${type ? ` --type ${quoted(type)}` : ''}${route.query.view === 'functions' ? ' --top' : ' --format svg'}`
  }
  if (route.page === 'timeline') return `goherd open ${targets}`
  if (route.page === 'graph') return `goherd graph ${targets}`
  if (route.page === 'stack') {
    return `goherd snap ${targets} --format json | jq '.snapshot.clusters[] | select(.id == "${route.id.replace(/[^0-9a-zA-Z_-]/g, '')}")'`
  }
  if (envelope && route.page === 'answer') return `goherd ${envelope.command} ${targets}`
  return `goherd doctor ${targets}`
}

/** Empty for a recorded incident, which is no target of its own. */
function targetsOf(envelope: Envelope): string {
  if (envelope.command === 'demo' || envelope.targets.some((target) => target.kind === 'recording')) return ''
  if (envelope.targets.length === 0) return 'TARGET'
  return envelope.targets.map((target) => (target.kind === 'stdin' ? '-' : quoted(target.name))).join(' ')
}

/** What leads on; an answer saved before commands and words stood apart has texts alone. */
export function stepsOf(what: Finding | Candidate): Step[] {
  if (what.steps?.length) return what.steps
  return ('decide_by' in what ? what.decide_by : what.next).map((text) => (text.startsWith('goherd ') && !text.includes(': ') ? { command: text } : { words: text }))
}

/** A word a POSIX shell reads as it stands. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
