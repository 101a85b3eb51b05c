// The wait graph in words of the chosen language, the same as the text output's.
import type { GraphObject, Holder, WaitCycle } from '../envelope.ts'
import { duration, whole } from '../figure.ts'
import { placeLine, tailOf } from '../go.ts'
import { lang, say } from '../say.svelte.ts'
import { ringKind } from './picture.ts'

/** `channel 0xc00001`, `20 × channel`. */
export function objectTitle(object: GraphObject): string {
  const kind = say(`graph.what.${object.kind}`)
  const parts = [object.count > 1 ? `${whole(object.count, lang())} × ${kind}` : kind, object.address, object.inside.endpoint]
  return parts.filter(Boolean).join(' ')
}

/** What an object looks like inside, a few words each. */
export function objectFacts(object: GraphObject): string[] {
  const inside = object.inside
  const facts: string[] = []
  const add = (text: string | false | null | undefined): void => {
    if (text) facts.push(text)
  }
  const figure = (key: 'graph.readers' | 'graph.readers_left' | 'graph.counter', n: number | null | undefined): void => add(n != null && say(key, { n }))
  if (inside.capacity === 0) add(say('graph.unbuffered'))
  else if (inside.capacity != null && inside.buffered != null) add(say('graph.buffer', { n: inside.buffered, m: inside.capacity }))
  add(inside.closed && say('graph.closed'))
  if (inside.senders) add(say('graph.senders', { n: inside.senders }))
  if (inside.receivers) add(say('graph.receivers', { n: inside.receivers }))
  if (inside.locked != null) add(say(inside.locked ? 'graph.locked' : 'graph.unlocked'))
  add(inside.starving && say('graph.starving'))
  figure('graph.readers', inside.readers)
  figure('graph.readers_left', inside.readers_left || null)
  figure('graph.counter', inside.counter)
  if (inside.fd != null) add(say('graph.fd', { n: String(inside.fd) }))
  if (inside.fires_in_ms != null) add(inside.fires_in_ms < 0 ? say('graph.due') : say('graph.fires', { time: duration(Math.max(1, inside.fires_in_ms / 1000)) }))
  add(object.for_ever && say('graph.for_ever'))
  return facts
}

/** Who may end a wait, and why it may be this one. */
export function holderText(object: GraphObject, holder: Holder): string {
  const key = object.kind === 'mutex' || object.kind === 'rw-mutex' ? 'graph.holder' : 'graph.server'
  return say(key, { id: String(holder.goroutine), state: holder.state, at: `${tailOf(holder.at.func)} (${placeLine(holder.at)})` })
}

export function ringTitle(cycle: WaitCycle): string {
  return say(`graph.ring.${ringKind(cycle)}`, { n: cycle.steps.length })
}
