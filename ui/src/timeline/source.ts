// Asks goherd for windows of a trace: one question at a time, of those that come up meanwhile only the latest.
import type { Timeline } from '../envelope.ts'
import type { Chosen, Window } from './window.ts'

export interface Question {
  window: Window
  columns: number
  lanes: number[]
  open: string[]
  chosen: Chosen | null
  /** What was chosen is to be told, too. */
  moment: boolean
}

export interface Source {
  ask: (question: Question) => void
  stop: () => void
}

/** Whether somebody may be there to answer: a file on its own has what is in it. */
export function isServed(): boolean {
  return location.protocol.startsWith('http')
}

/** `answered` gets every answer; `alone` is called when there is nobody to ask. */
export function source(answered: (timeline: Timeline, question: Question) => void, alone: () => void, failed: (why: string) => void): Source {
  let asking: AbortController | null = null
  let next: Question | null = null

  async function run(question: Question): Promise<void> {
    asking = new AbortController()
    try {
      const answer = await fetch(`./api/timeline?${parameters(question)}`, { signal: asking.signal })
      if (answer.status === 404) return alone()
      if (!answer.ok) return failed(`${answer.status} ${(await answer.text()).trim()}`)
      const timeline = (await answer.json()) as Timeline
      answered(timeline, question)
      failed('')
    } catch (error) {
      if (!asking?.signal.aborted) failed(error instanceof Error ? error.message : String(error))
    } finally {
      asking = null
      const following = next
      next = null
      if (following) void run(following)
    }
  }

  return {
    ask(question) {
      if (asking) next = { ...question, moment: question.moment || (next?.moment ?? false) }
      else void run(question)
    },
    stop() {
      next = null
      asking?.abort()
    },
  }
}

function parameters({ window, columns, lanes, open, chosen, moment }: Question): URLSearchParams {
  const asked = new URLSearchParams({ from: String(window.from), to: String(window.to), columns: String(columns), lanes: lanes.join(',') })
  if (open.length > 0) asked.set('open', open.join(','))
  if (chosen) asked.set('goroutines', String(chosen.goroutine))
  if (chosen && moment) asked.set('moment', `${chosen.goroutine},${chosen.at}`)
  return asked
}
