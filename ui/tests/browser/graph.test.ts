// The wait graph in a real Chromium: picture, rings and table show the same selection, which the address holds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../../src/envelope.ts'
import { crowd } from '../crowd.ts'
import { incident } from '../incident.ts'
import { barriers, folder, goTo, launch, open, overflow, settled, written, type Look } from './chromium.ts'

const live = JSON.parse(readFileSync(new URL('../data/live-graph.json', import.meta.url), 'utf8')) as Envelope
const graph = live.graph!
const big = crowd(2000)
/** CPU an interaction may take. */
const CPU_MS_MAX = 200

let browser: Browser
let address: string
let bigAddress: string

beforeAll(async () => {
  browser = await launch()
  address = written('live-graph', { envelope: live })
  bigAddress = written('crowd', { envelope: big })
})
afterAll(() => browser.close())

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText()
const chosen = (page: Page): Promise<string | null> => page.locator('.knot.chosen').getAttribute('data-node')

describe.each<Look & { theme: 'light' | 'dark' }>([
  { theme: 'light', width: 1400 },
  { theme: 'dark', width: 900, locale: 'zh-CN' },
  { theme: 'light', width: 390, locale: 'zh-CN' },
])('$theme, $width px', (look) => {
  const ring = graph.cycles[0]!.steps[0]!
  test.each([
    ['picture', () => `${address}#/graph`],
    ['group', () => `${address}#/graph?at=${ring.group}`],
    ['object', () => `${address}#/graph?at=${ring.object}&sort=count`],
    ['search', () => `${address}#/graph?q=main.lockAndHold`],
    ['crowd', () => `${bigAddress}#/graph`],
    ['none', () => `${written('none', { envelope: incident() })}#/graph`],
  ])('%s: no barrier, no request, no error', async (name, at) => {
    const { context, page, problems, requests } = await open(browser, at(), look)
    await settled(page)
    await page.screenshot({ path: join(folder, `graph-${name}-${look.theme}-${look.width}.png`), fullPage: true })
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })
})

test('a graph that was asked for opens at its page, and others name it in the navigation', async () => {
  const { context, page } = await open(browser, address)
  expect(await text(page, 'h1')).toBe('Wait graph')
  expect(page.url()).toContain('#/graph')
  await page.keyboard.press('g')
  await page.keyboard.press('v')
  await page.waitForFunction(() => document.querySelector('h1')?.textContent !== 'Wait graph')
  await page.keyboard.press('g')
  await page.keyboard.press('w')
  await page.locator('h1', { hasText: 'Wait graph' }).waitFor()
  await context.close()
  const other = await open(browser, written('judged', { envelope: { ...live, command: 'doctor' } }))
  expect(await text(other.page, 'h1')).not.toBe('Wait graph')
  expect(await other.page.locator('nav a[href="#/graph"]').count()).toBe(1)
  await other.context.close()
  const without = await open(browser, written('without', { envelope: incident() }))
  expect(await without.page.locator('nav a[href="#/graph"]').count()).toBe(0)
  await without.context.close()
})

describe.each([
  ['a real process', () => address, live],
  ['2,000 objects', () => bigAddress, big],
] as const)('%s', (_name, at, envelope) => {
  const seen = envelope.graph!

  test('picture and table hold the same rows, and all adds up', async () => {
    const { context, page } = await open(browser, `${at()}#/graph?all=1`)
    const nodes = await page.locator('.knot').evaluateAll((knots) => knots.map((knot) => (knot as SVGElement).dataset.node!))
    expect(new Set(nodes)).toEqual(new Set([...seen.groups, ...seen.objects].map((node) => node.id)))
    expect(nodes.length).toBeLessThanOrEqual(60)
    const lines = await page.locator('path.line:not(.may)').evaluateAll((paths) => paths.map((path) => `${(path as SVGElement).dataset.from} ${(path as SVGElement).dataset.to}`))
    const rows = await page.locator('[data-twin=graph] tbody tr').evaluateAll((all) => all.map((row) => ({ ...(row as HTMLElement).dataset })))
    expect(rows.filter((row) => row.drawn === 'true').map((row) => `${row.from} ${row.to}`)).toEqual(lines)
    expect(rows.length).toBe(seen.waits.length + (seen.rest?.waits.length ?? 0))
    const sums = JSON.parse((await page.locator('.sums').getAttribute('data-sums')) ?? '{}') as Record<string, number>
    expect(rows.reduce((sum, row) => sum + Number(row.count), 0)).toBe(sums.shown)
    expect(sums.shown! + sums.unlisted!).toBe(sums.total)
    expect(sums.total).toBe(seen.waits.reduce((sum, wait) => sum + wait.count, 0) + (envelope.hidden.waits_not_listed ?? 0))
    await context.close()
  })

  test('no interaction takes long', async () => {
    const { context, page, problems } = await open(browser, `${at()}#/graph`)
    const debug = await context.newCDPSession(page)
    await debug.send('Performance.enable', { timeDomain: 'threadTicks' })
    const cpu = async (): Promise<number> => 1000 * (await debug.send('Performance.getMetrics')).metrics.find((metric) => metric.name === 'TaskDuration')!.value
    const acts: [string, () => Promise<unknown>][] = [
      ['select', () => page.locator('.knot').nth(3).dispatchEvent('click')],
      ['arrow', async () => { await page.locator('.waits-frame').focus(); await page.keyboard.press('ArrowRight') }],
      ['search', () => page.locator('input[type=search]').fill('main')],
      ['clear', () => page.locator('input[type=search]').fill('')],
      ['sort', () => page.locator('[data-twin=graph] th button').nth(2).click()],
    ]
    for (const [name, act] of acts) {
      const before = await cpu()
      await act()
      await settled(page)
      const spent = (await cpu()) - before
      expect(spent, name).toBeLessThan(CPU_MS_MAX)
    }
    expect(problems).toEqual([])
    await context.close()
  })
})

test('rings are told with their certainty and shown in the picture', async () => {
  const { context, page } = await open(browser, address)
  expect(await page.locator('.ring').count()).toBe(graph.cycles.length)
  const first = await text(page, '.ring')
  const cycle = graph.cycles[0]!
  for (const step of cycle.steps) expect(first).toContain(step.address!)
  expect(first).toContain(cycle.proven ? 'Deadlock: 2 goroutines' : 'seem to wait on each other')
  expect(first).toContain(cycle.proven ? 'proven' : 'candidate')
  await page.locator('.ring button').first().click()
  expect(await chosen(page)).toBe(cycle.steps[0]!.group)
  expect(await page.locator(`.line.${cycle.proven ? 'proven' : 'possible'}`).count()).toBeGreaterThanOrEqual(2 * cycle.steps.length)
  await context.close()
})

test('who may hold a lock is dashed, ranked and never asserted', async () => {
  const object = graph.objects.find((one) => one.kind === 'mutex' && one.holders.some((holder) => holder.group && holder.at.func === 'main.lockAndHold'))!
  const { context, page } = await open(browser, `${address}#/graph?at=${object.id}`)
  const about = await text(page, '.chosen-facts')
  for (const part of ['may be held by', 'main.lockAndHold', 'its stack holds the address', 'none of them certain']) expect(about).toContain(part)
  const dashes = await page.locator(`.line.may[data-from=${object.id}]`).first().evaluate((line) => getComputedStyle(line).strokeDasharray)
  expect(dashes).not.toBe('none')
  await context.close()
})

test('keys move, open a stack and clear; the table follows', async () => {
  const { context, page } = await open(browser, address)
  await page.locator('.waits-frame').focus()
  expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid')
  await page.keyboard.press('ArrowRight')
  const first = await chosen(page)
  expect(first).toBeTruthy()
  await page.keyboard.press('ArrowRight')
  expect(await chosen(page)).not.toBe(first)
  expect(await page.locator('[data-twin=graph] tr.chosen').count()).toBeGreaterThan(0)
  await page.keyboard.press('Escape')
  expect(await page.locator('.knot.chosen').count()).toBe(0)
  await page.keyboard.press('Home')
  const group = graph.groups.find((one) => one.at.func === 'main.send')!
  await goTo(page, `#/graph?at=${group.id}`)
  await page.locator('.waits-frame').focus()
  await page.keyboard.press('Enter')
  await page.locator('h1', { hasText: 'main.send' }).waitFor()
  expect(page.url()).toContain('#/stack/')
  await context.close()
})

test('a click selects, a double click opens the stack', async () => {
  const { context, page } = await open(browser, address)
  const group = graph.groups.find((one) => one.at.func === 'main.send')!
  await page.locator(`.knot[data-node=${group.id}] .shape`).click()
  expect(await chosen(page)).toBe(group.id)
  expect(await text(page, '.graph-panel .selection')).toContain('4 × main.send')
  await page.locator(`.knot[data-node=${group.id}] .shape`).dblclick()
  await page.locator('h1', { hasText: 'main.send' }).waitFor()
  await context.close()
})

test('a link copied shows the same in a fresh browser', async () => {
  const first = await open(browser, `${bigAddress}#/graph`)
  await first.page.locator('input[type=search]').fill('mutex')
  await first.page.locator('[data-twin=graph] th button').nth(1).click()
  await first.page.locator('.waits-frame').focus()
  await first.page.keyboard.press('ArrowRight')
  await first.page.keyboard.press('ArrowRight')
  await settled(first.page)
  await first.page.locator('.foot-copy button').first().click()
  await first.page.locator('.toast.on').waitFor()
  const link = await first.page.evaluate(() => navigator.clipboard.readText())
  const expected = [await chosen(first.page), await text(first.page, '.graph-panel .selection'), await text(first.page, '[data-twin=graph]')]
  await first.context.close()
  const second = await open(browser, link)
  await settled(second.page)
  expect([await chosen(second.page), await text(second.page, '.graph-panel .selection'), await text(second.page, '[data-twin=graph]')]).toEqual(expected)
  await second.context.close()
})

test('hostile names stay text', async () => {
  const evil = '</text><img src=x onerror=alert(1)>'
  const hostile = structuredClone(live)
  for (const group of hostile.graph!.groups) Object.assign(group, { state: evil, at: { func: `main.${evil}`, file: 'javascript:alert(1)', line: 1 } })
  for (const object of hostile.graph!.objects) object.inside.endpoint = evil
  const { context, page, problems, requests } = await open(browser, written('hostile-graph', { envelope: hostile }))
  expect(await text(page, '[data-twin=graph]')).toContain(evil)
  expect(await page.locator('main img').count()).toBe(0)
  expect([problems, requests]).toEqual([[], []])
  await context.close()
})
