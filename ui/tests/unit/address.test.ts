import { describe, expect, test } from 'vitest'
import { commandFor, quoted, stepsOf } from '../../src/command.ts'
import type { Candidate } from '../../src/envelope.ts'
import { formatRoute, parseRoute, readSet, toggled, toPage, withQuery, type Route } from '../../src/route.ts'
import { incident } from '../incident.ts'

describe('the address', () => {
  test.each([
    ['', { page: 'verdict', id: '', query: {} }],
    ['#/', { page: 'verdict', id: '', query: {} }],
    ['#/?sel=51&lang=zh-CN', { page: 'verdict', id: '', query: { sel: '51', lang: 'zh-CN' } }],
    ['#/groups?q=pay+%26+x%2Fy&sort=max', { page: 'groups', id: '', query: { q: 'pay & x/y', sort: 'max' } }],
    ['#/stack/00c1', { page: 'stack', id: '00c1', query: {} }],
    ['#/pattern/LK005', { page: 'pattern', id: 'LK005', query: {} }],
    ['#/nowhere/x', { page: 'verdict', id: 'x', query: {} }],
    ['#/stack/%E0%A4%A', { page: 'stack', id: '%E0%A4%A', query: {} }],
  ] as [string, Route][])('%s is read', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route)
  })

  test('what is written reads back, whatever is typed into a filter', () => {
    for (const q of ['a b', '#/groups?x=1', '100 %', 'é 中文', '(*Client).watch', '+&=?#/', '"<script>']) {
      const route: Route = { page: 'groups', id: '', query: { q, sort: 'state' } }
      expect(parseRoute(formatRoute(route))).toEqual(route)
    }
    const stack: Route = { page: 'stack', id: 'a/b?c#d', query: {} }
    expect(parseRoute(formatRoute(stack))).toEqual(stack)
  })

  test('empty values leave no trace and order does not matter', () => {
    const route = withQuery(parseRoute('#/groups?b=2&a=1'), { b: '', c: '3' })
    expect(formatRoute(route)).toBe('#/groups?a=1&c=3')
  })

  test('another page keeps language, theme and keys only', () => {
    const from = parseRoute('#/groups?q=x&lang=en&theme=dark&keys=off&open=1')
    expect(formatRoute(toPage(from, 'flame', '', { at: 'ff' }))).toBe('#/flame?at=ff&keys=off&lang=en&theme=dark')
  })

  test('sets', () => {
    expect(toggled(undefined, 'b')).toBe('b')
    expect(toggled('b', 'a')).toBe('a,b')
    expect(toggled('a,b', 'a')).toBe('b')
    expect(readSet('').size).toBe(0)
  })
})

describe('the command of a page', () => {
  const envelope = incident()
  test.each([
    ['#/', 'goherd doctor http://127.0.0.1:6060'],
    ['#/groups?q=x', 'goherd snap http://127.0.0.1:6060'],
    ['#/flame', 'goherd flame http://127.0.0.1:6060 --format svg'],
    ['#/pattern/LK005', 'goherd explain LK005'],
    ['#/patterns', 'goherd explain'],
    ["#/stack/0'; rm -rf", `goherd snap http://127.0.0.1:6060 --format json | jq '.snapshot.clusters[] | select(.id == "0rm-rf")'`],
  ])('%s', (hash, command) => {
    expect(commandFor(envelope, parseRoute(hash))).toBe(command)
  })

  test('a lead is a command, words, or both', () => {
    const old = { decide_by: ['goherd explain LK005', 'goherd doctor FIRST SECOND …: dumps, 10 s apart', 'the source at /src/a.go:44'] } as Candidate
    expect(stepsOf(old)).toEqual([{ command: 'goherd explain LK005' }, { words: old.decide_by[1] }, { words: old.decide_by[2] }])
    const steps = [{ command: "goherd open 'a b.txt'" }, { words: 'the source at /src/a.go:44' }]
    expect(stepsOf({ ...old, steps })).toEqual(steps)
  })

  test('names are quoted for a shell, standard input is a dash', () => {
    expect(quoted("it's $HOME/a dump.txt")).toBe(`'it'\\''s $HOME/a dump.txt'`)
    const piped = { ...envelope, targets: [{ kind: 'stdin' as const, name: 'standard input', bytes: 1 }] }
    expect(commandFor(piped, parseRoute(''))).toBe('goherd doctor -')
    expect(commandFor({ ...envelope, command: 'demo' }, parseRoute(''))).toBe('goherd demo')
  })
})
