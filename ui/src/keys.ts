// Keys that work on every page. Single letters can be turned off, for people who speak to their computer.
import { copy } from './copy.svelte.ts'
import { adjust, go, route } from './place.svelte.ts'
import { report } from './report.svelte.ts'

const PAGE_KEYS = { v: 'verdict', g: 'groups', f: 'flame', w: 'graph', t: 'timeline', p: 'patterns' } as const

/** How long the second key of a pair such as `g f` may take. */
const PAIR_MS = 1200

let pairStarted = -Infinity

export function keysOn(): boolean {
  return route().query.keys !== 'off'
}

export function onKey(event: KeyboardEvent, openHelp: () => void): void {
  if (!keysOn() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  if (document.querySelector('dialog[open]')) return
  const inPair = performance.now() - pairStarted < PAIR_MS
  pairStarted = -Infinity
  const named = inPair ? PAGE_KEYS[event.key as keyof typeof PAGE_KEYS] : undefined
  const page = (named === 'graph' || named === 'timeline') && !report()?.envelope[named] ? undefined : named
  if (page) go(page)
  else if (event.key === 'g') pairStarted = performance.now()
  else if (event.key === '?') openHelp()
  else if (event.key === 'y') void copy(location.href)
  else if (event.key === '/') document.querySelector<HTMLInputElement>('input[type="search"]')?.focus()
  else if (event.key === '[') step(-1)
  else if (event.key === ']') step(1)
  else return
  if (page || event.key !== 'g') event.preventDefault()
}

function step(by: 1 | -1): void {
  const envelope = report()?.envelope
  if (!envelope) return
  // The same finding in two targets has one fingerprint and is one stop.
  const all = [...new Set([...envelope.findings, ...envelope.candidates].map((judged) => judged.fingerprint))]
  if (all.length === 0) return
  const at = all.indexOf(route().query.sel ?? '')
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length] ?? ''
  if (route().page === 'verdict') adjust({ sel: next })
  else go('verdict', '', { sel: next })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
