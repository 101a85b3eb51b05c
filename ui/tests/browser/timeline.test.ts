// The timeline of recorded traces in a real Chromium, served by the real goherd and in a file on its own.
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope, Timeline, TimelineLane, TimelineRow } from '../../src/envelope.ts'
import { AXIS_PX, LABEL_PX } from '../../src/timeline/paint.ts'
import { linesOf, type Line } from '../../src/timeline/window.ts'
import { barriers, folder, launch, open, overflow, settled, type Look } from './chromium.ts'
import { oracle, page as written, serving, type Serving } from './goherd.ts'

const TRACE = 'go1.27/leaky'
/** Two that hand each other a turn with a condition variable (testbed/traces/load.go). */
const TURNS = 'main.conditions.func1'
/** Wide enough for some of their turns, narrow enough for each to be hit. */
const NEAR_S = 0.02

let browser: Browser
let goherd: Serving
let file: string
let answer: Envelope
let whole: Timeline

beforeAll(async () => {
  browser = await launch()
  goherd = await serving(TRACE)
  file = written(TRACE)
  answer = (await (await fetch(`${goherd.address}api/envelope`)).json()) as Envelope
  whole = answer.timeline!
})
afterAll(async () => {
  await browser.close()
  await goherd.stop()
})

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText()
const lane = (entry: string): TimelineLane => whole.lanes.find((one) => one.entry?.func === entry)!

/** What the address says is shown; all of the trace where it says nothing. */
function shown(page: Page): { from: number; to: number } {
  const t = new URLSearchParams(page.url().split('?')[1] ?? '').get('t')
  const [from, to] = t ? t.split('-').map(Number) : [0, whole.span_s]
  return { from: from!, to: to! }
}

/** A window close enough for single goroutines, with two of them waiting for each other in it. */
async function near(): Promise<{ hash: string; timeline: Timeline; row: TimelineRow; span: number }> {
  const id = lane(TURNS).id
  const wide = NEAR_S
  for (let from = whole.span_s / 2; from + wide < whole.span_s; from += wide) {
    const [low, high] = [+from.toFixed(9), +(from + wide).toFixed(9)]
    const asked = new URLSearchParams({ from: String(low), to: String(high), columns: '500', lanes: String(id), open: String(id) })
    const timeline = (await (await fetch(`${goherd.address}api/timeline?${asked}`)).json()) as Timeline
    const sync = timeline.states.indexOf('sync')
    for (const row of timeline.lanes.find((one) => one.id === id)?.rows ?? []) {
      // Wide enough to be hit, and ended inside the window.
      const span = row.state.findIndex((state, at) => state === sync && row.merged[at] === 1 && row.ns[at]! > wide * 1e7 && row.from_ns[at]! > wide * 1e8 && row.from_ns[at]! + row.ns[at]! < wide * 9e8)
      if (span >= 0) return { hash: `#/timeline?t=${low}-${high}&open=${id}`, timeline, row, span }
    }
  }
  throw new Error(`no goroutine of ${TURNS} waits long enough`)
}

/** Where a time stands on a line of the canvas. */
async function place(page: Page, lines: Line[], key: string, share: number): Promise<{ x: number; y: number }> {
  const line = lines.find((one) => one.key === key)!
  await page.locator('.timeline').evaluate((frame, top) => (frame.scrollTop = top), Math.max(0, line.top - 100))
  await settled(page)
  const scrolled = await page.locator('.timeline').evaluate((frame) => frame.scrollTop)
  const box = (await page.locator('.timeline canvas').boundingBox())!
  return { x: box.x + LABEL_PX + share * (box.width - LABEL_PX), y: box.y + AXIS_PX + line.top - scrolled + line.high / 2 }
}

/** Until goherd has answered for the window that the address tells. */
async function rested(page: Page): Promise<void> {
  await page.waitForTimeout(350)
  await page.waitForLoadState('networkidle')
  await settled(page)
}

describe.each<Look & { theme: 'light' | 'dark' }>([
  { theme: 'light', width: 1400 },
  { theme: 'dark', width: 900, locale: 'zh-CN' },
  { theme: 'light', width: 390, locale: 'zh-CN' },
])('$theme, $width px', (look) => {
  test.each(['whole', 'near', 'chosen', 'file'])('%s: no barrier, no request elsewhere, no error', async (name) => {
    const { hash, timeline, row, span } = await near()
    const at = timeline.from_s + (row.from_ns[span]! + row.ns[span]! / 2) / 1e9
    const hashes: Record<string, string> = { near: hash, chosen: `${hash}&sel=${row.goroutine}@${at.toFixed(9)}` }
    const address = name === 'file' ? file : goherd.address
    const { context, page, problems, requests } = await open(browser, `${address}${hashes[name] ?? '#/timeline'}`, look)
    await rested(page)
    if (name === 'chosen') await page.locator('.timeline-moment').waitFor()
    await page.screenshot({ path: join(folder, `timeline-${name}-${look.theme}-${look.width}.png`), fullPage: true })
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    expect(problems).toEqual([])
    expect(requests.filter((url) => name === 'file' || !url.startsWith(goherd.address))).toEqual([])
    await context.close()
  })
})

test('groups are lanes, and the table holds each of them', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/timeline`)
  const theirs = oracle(TRACE)
  const { seen } = theirs.goroutines as { seen: number }
  expect(whole.lanes.reduce((sum, one) => sum + one.goroutines, 0)).toBe(seen)
  expect(whole.span_s).toBeCloseTo((theirs.last_ns - theirs.first_ns) / 1e9, 6)
  const names = await page.locator('.grid tbody button').allInnerTexts()
  expect(names.length).toBe(Math.min(20, whole.lanes.length))
  const tails = whole.lanes.slice(0, 20).map((one) => one.entry?.func.split('/').pop())
  for (const [at, tail] of tails.entries()) if (tail) expect(tail).toContain(names[at]!.replace(/^…/, ''))
  const counts = await page.locator('.grid tbody tr td:nth-child(2)').allInnerTexts()
  expect(counts.map((count) => Number(count.replaceAll(',', '')))).toEqual(whole.lanes.slice(0, 20).map((one) => one.goroutines))
  await context.close()
})

test('a click on a lane opens it, and so do its row in the table and Enter', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/timeline`)
  const [first] = whole.lanes
  const button = page.locator('.grid tbody button').first()
  const at = await place(page, linesOf(whole, new Set()), `lane:${first!.id}`, -0.1)
  await page.mouse.click(at.x, at.y)
  await page.waitForURL(new RegExp(`open=${first!.id}\\b`))
  expect(await button.getAttribute('aria-expanded')).toBe('true')
  await button.click()
  await page.waitForFunction(() => !location.hash.includes('open='))
  await page.locator('.timeline').focus()
  // The click has selected it.
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`open=${first!.id}\\b`))
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => !location.hash.includes('open='))
  await context.close()
})

test('the wheel zooms at the cursor and moves with Shift; keys do both, and Home shows all', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/timeline`)
  await rested(page)
  const at = await place(page, linesOf(whole, new Set()), `lane:${whole.lanes[0]!.id}`, 0.25)
  await page.mouse.move(at.x, at.y)
  await page.mouse.wheel(0, -500)
  await page.waitForURL(/t=/)
  const zoomed = shown(page)
  expect((zoomed.to - zoomed.from) / whole.span_s).toBeCloseTo(Math.exp(-1), 3)
  expect(zoomed.from + 0.25 * (zoomed.to - zoomed.from)).toBeCloseTo(0.25 * whole.span_s, 3)
  await page.keyboard.down('Shift')
  await page.mouse.wheel(0, 100)
  await page.keyboard.up('Shift')
  await page.waitForFunction((from) => Number(/t=([\d.]+)/.exec(location.hash)?.[1]) > from, zoomed.from)
  const moved = shown(page)
  expect(moved.to - moved.from).toBeCloseTo(zoomed.to - zoomed.from, 6)
  await page.locator('.timeline').focus()
  await page.keyboard.press('ArrowLeft')
  await rested(page)
  expect(shown(page).from).toBeCloseTo(Math.max(0, moved.from - 0.2 * (moved.to - moved.from)), 6)
  await page.keyboard.press('+')
  await rested(page)
  const closer = shown(page)
  expect(closer.to - closer.from).toBeCloseTo((zoomed.to - zoomed.from) / 2, 6)
  await page.keyboard.press('-')
  await page.keyboard.press('Home')
  await page.waitForFunction(() => !location.hash.includes('t='))
  await context.close()
})

test('a search leaves the groups whose functions hold the text, and tells how many do not', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/timeline`)
  await page.keyboard.press('/')
  await page.keyboard.type('Conditions')
  await page.waitForURL(/q=Conditions/)
  const matching = whole.lanes.filter((one) => [one.entry?.func, one.created_by?.func].some((func) => func?.includes('conditions')))
  expect(await page.locator('.grid tbody button').allInnerTexts()).toEqual(matching.map((one) => one.entry!.func))
  expect(await text(page, 'main [role=status]')).toContain(String(whole.lanes.length - matching.length))
  const at = await place(page, linesOf({ ...whole, lanes: matching }, new Set()), `lane:${matching[0]!.id}`, -0.1)
  await page.mouse.click(at.x, at.y)
  await page.waitForURL(new RegExp(`open=${matching[0]!.id}\\b`))
  await context.close()
})

test('a movement is one question, and none when the window rests', async () => {
  const { hash } = await near()
  const { context, page, requests } = await open(browser, `${goherd.address}${hash}`)
  await rested(page)
  await page.locator('.timeline').focus()
  for (const key of ['ArrowRight', '-', '+', 'ArrowLeft']) {
    const before = requests.length
    await page.keyboard.press(key)
    await rested(page)
    await rested(page)
    expect(requests.slice(before).filter((url) => url.includes('api/timeline')).length, key).toBe(1)
  }
  await context.close()
})

test('dragging moves, and is no click', async () => {
  const { hash } = await near()
  const { context, page } = await open(browser, `${goherd.address}${hash}`)
  await rested(page)
  const before = shown(page)
  const box = (await page.locator('.timeline canvas').boundingBox())!
  const plot = box.width - LABEL_PX
  await page.mouse.move(box.x + LABEL_PX + plot / 2, box.y + 150)
  await page.mouse.down()
  await page.mouse.move(box.x + LABEL_PX + plot / 4, box.y + 150, { steps: 4 })
  await page.mouse.up()
  await rested(page)
  expect(shown(page).from).toBeCloseTo(before.from + (before.to - before.from) / 4, 6)
  expect(page.url()).not.toContain('sel=')
  await context.close()
})

test('a wait that is clicked tells where, how long, and who ended it; the waker is one click away', async () => {
  const { hash, timeline, row, span } = await near()
  const { context, page } = await open(browser, `${goherd.address}${hash}`)
  await rested(page)
  const lines = linesOf(timeline, new Set([String(lane(TURNS).id)]))
  const middle = (row.from_ns[span]! + row.ns[span]! / 2) / 1e9 / (timeline.to_s - timeline.from_s)
  // Only the lanes in sight have been asked for, so the lines are those of the page's own answer.
  const at = await place(page, lines, `row:${row.goroutine}`, middle)
  await page.mouse.click(at.x, at.y)
  const moment = page.locator('.timeline-moment')
  await moment.waitFor()
  expect(await text(page, '.timeline-moment h2')).toBe(`Goroutine ${row.goroutine}`)
  expect(await moment.innerText()).toContain('sync.(*Cond).Wait')
  expect(await moment.locator('ol').first().innerText()).toContain('conditions.func1')
  expect(await moment.locator('h3').innerText()).toMatch(/woken by/i)
  // It is the other of the two who hands the turn over, with Broadcast.
  expect(await moment.locator('ol').nth(1).innerText()).toContain('(*Cond).Broadcast')
  const waker = (await moment.locator('h3 + p').innerText()).match(/Goroutine (\d+)/)?.[1]
  expect(Number(waker)).not.toBe(row.goroutine)
  const rows = timeline.lanes.find((one) => one.id === lane(TURNS).id)!.rows!
  expect(rows.map((one) => String(one.goroutine))).toContain(waker)
  await moment.locator('h3 + p button').click()
  await page.waitForURL(new RegExp(`sel=${waker}(@|%40)`))
  await page.waitForFunction((id) => document.querySelector('.timeline-moment h2')?.textContent === `Goroutine ${id}`, waker)
  expect(await text(page, '.timeline-moment strong')).toBe('Running')
  await page.goBack()
  await page.waitForFunction((id) => document.querySelector('.timeline-moment h2')?.textContent === `Goroutine ${id}`, String(row.goroutine))
  await context.close()
})

test('the lane above tells of collections and of stops, as many as an independent reader counts', async () => {
  const ranges = oracle(TRACE).ranges as Record<string, { n: number }>
  const stops = Object.entries(ranges).filter(([name]) => name.startsWith('stop-the-world'))
  const all = { from: '0', to: String(whole.span_s), columns: '2000' }
  const told = (await (await fetch(`${goherd.address}api/timeline?${new URLSearchParams(all)}`)).json()) as Timeline
  expect(told.stops.reduce((sum, stop) => sum + stop.count, 0)).toBe(stops.reduce((sum, [, range]) => sum + range.n, 0))
  const { context, page } = await open(browser, `${goherd.address}#/timeline`)
  await rested(page)
  const stop = told.stops.find((one) => one.at_s > 0.2 * whole.span_s && one.at_s < 0.9 * whole.span_s)!
  const at = await place(page, linesOf(whole, new Set()), 'stops', (stop.at_s + stop.pause_s / 2) / whole.span_s)
  await page.mouse.move(at.x, at.y)
  await page.waitForFunction(() => document.querySelector('.flame-tip.on'))
  expect(await text(page, '.flame-tip')).toMatch(/GC|GOMAXPROCS|stop/i)
  await context.close()
})

test('a link copied shows the same in a fresh browser', async () => {
  const { hash, timeline, row, span } = await near()
  const at = timeline.from_s + (row.from_ns[span]! + row.ns[span]! / 2) / 1e9
  const first = await open(browser, `${goherd.address}${hash}&sel=${row.goroutine}@${at.toFixed(9)}`)
  await first.page.locator('.timeline-moment').waitFor()
  await rested(first.page)
  await first.page.locator('.foot-copy button').first().click()
  await first.page.locator('.toast.on').waitFor()
  const link = await first.page.evaluate(() => navigator.clipboard.readText())
  const look = async (page: Page): Promise<unknown> => [await text(page, '.page-head'), await text(page, '.timeline-moment'), await page.locator('.grid [aria-expanded=true]').allInnerTexts(), shown(page), (await page.locator('.timeline canvas').screenshot()).toString('base64')]
  const expected = await look(first.page)
  await first.context.close()
  const second = await open(browser, link)
  await second.page.locator('.timeline-moment').waitFor()
  await rested(second.page)
  expect(await look(second.page)).toEqual(expected)
  await second.context.close()
})

test('"back" returns to the window before', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/verdict`)
  await page.evaluate(() => (location.hash = '#/timeline?t=0.1-0.2'))
  await page.locator('.timeline').waitFor()
  await page.evaluate(() => (location.hash = '#/timeline?t=0.3-0.4'))
  await rested(page)
  expect(await text(page, '.page-head')).toContain('300 ms')
  await page.goBack()
  await page.waitForFunction(() => document.querySelector('.page-head')?.textContent?.includes('100 ms'))
  await context.close()
})

test('in Chinese all words are Chinese, but for names of Go', async () => {
  const { hash, row, span, timeline } = await near()
  const at = timeline.from_s + (row.from_ns[span]! + row.ns[span]! / 2) / 1e9
  const { context, page } = await open(browser, `${goherd.address}${hash}&sel=${row.goroutine}@${at.toFixed(9)}`, { locale: 'zh-CN' })
  await page.locator('.timeline-moment').waitFor()
  for (const selector of ['h1', '.page-head p', '.legend li', '.timeline-moment strong', '.timeline-moment h3', '.grid th']) expect(await text(page, selector)).toMatch(/[\u4e00-\u9fff]/)
  expect(await page.locator('.timeline').getAttribute('aria-label')).toMatch(/[\u4e00-\u9fff]/)
  await context.close()
})

test('nothing moves by itself where motion is unwelcome', async () => {
  const { context, page } = await open(browser, `${goherd.address}#/timeline`, { motion: 'reduce' })
  const moving = await page.evaluate(() => [...document.querySelectorAll('main, main *')].filter((element) => {
    const style = getComputedStyle(element)
    return style.animationName !== 'none' || style.transitionDuration.split(',').some((time) => parseFloat(time) > 0)
  }).length)
  expect(moving).toBe(0)
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
  await context.close()
})

test('a file on its own shows the groups, and says how to look closer', async () => {
  const { context, page, requests, problems } = await open(browser, `${file}#/timeline`)
  expect(await page.locator('main').innerText()).toContain('goherd open')
  expect(await page.locator('.grid tbody button').count()).toBe(Math.min(20, whole.lanes.length))
  await page.locator('.timeline').focus()
  await page.keyboard.press('+')
  await page.waitForURL(/t=/)
  await page.locator('.grid tbody button').first().click()
  await page.waitForURL(/open=/)
  await settled(page)
  expect([requests, problems]).toEqual([[], []])
  await context.close()
})
