// Flame graphs of recorded profiles in a real Chromium: sample types, callers and callees, functions, both ways up, comparisons.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope, Flame } from '../../src/envelope.ts'
import { functionsOfTree } from '../../src/flame/functions.ts'
import { flameTree } from '../../src/flame/layout.ts'
import { wideFlame } from '../incident.ts'
import { barriers, folder, goTo, launch, open, overflow, settled, written, type Look } from './chromium.ts'

const recorded = (name: string): Envelope => JSON.parse(readFileSync(new URL(`../profiles/${name}.json`, import.meta.url), 'utf8')) as Envelope
const heap = recorded('heap')
const cpu = recorded('cpu')
const inuse = heap.profile!.types[heap.profile!.shown]!

/** The heap's tree beside itself with every third function doubled and every fifth gone before. */
function compared(): Envelope {
  const flame = inuse.flame!
  const before = flame.total.map((total, row) => (flame.name[row]! % 5 === 4 ? 0 : flame.name[row]! % 3 === 2 ? total * 2 : total))
  const changed: Flame = { ...flame, before }
  return { ...heap, profile: { ...heap.profile!, types: [{ ...inuse, flame: changed }], shown: 0 } }
}

let browser: Browser
let addresses: Record<'heap' | 'cpu' | 'compared', string>

beforeAll(async () => {
  browser = await launch()
  addresses = { heap: written('heap', { envelope: heap }), cpu: written('cpu', { envelope: cpu }), compared: written('compared', { envelope: compared() }) }
})
afterAll(() => browser.close())

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText()

describe.each<Look & { theme: 'light' | 'dark' }>([
  { theme: 'light', width: 1400 },
  { theme: 'dark', width: 900, locale: 'zh-CN' },
  { theme: 'light', width: 390, locale: 'zh-CN' },
])('$theme, $width px', (look) => {
  test.each([
    ['heap', '#/flame'],
    ['heap', '#/flame?type=alloc_space&up=1&view=flame&q=main'],
    ['heap', '#/flame?view=functions&sort=cum&fn=main.allocate'],
    ['heap', '#/flame?view=sandwich&fn=main.allocate'],
    ['heap', '#/flame?view=sandwich'],
    ['cpu', '#/flame?view=tree&open=*'],
    ['compared', '#/flame'],
    ['compared', '#/flame?side=before&delta=abs&view=functions'],
  ] as const)('%s %s: no barrier, no request, no error', async (name, hash) => {
    const { context, page, problems, requests } = await open(browser, addresses[name] + hash, look)
    await settled(page)
    await page.screenshot({ path: join(folder, `profile-${name}-${hash.replace(/\W+/g, '-')}-${look.theme}-${look.width}.png`), fullPage: true })
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })
})

test('a profile opens at its flame graph; without goroutines there is nothing to judge or group', async () => {
  const { context, page } = await open(browser, addresses.heap)
  expect(await text(page, 'h1')).toBe('Flame graph')
  expect(await page.locator('nav[aria-label] a').allInnerTexts()).toEqual(['Flame', 'Patterns'])
  expect(await text(page, '.page-head')).toContain('heap')
  await context.close()
})

test('each sample type is drawn with its own total, in its own unit', async () => {
  const { context, page } = await open(browser, `${addresses.heap}#/flame`)
  for (const type of heap.profile!.types) {
    await page.locator('.page-head button', { hasText: type.name }).click()
    await settled(page)
    const selection = await text(page, '.flame-panel .selection')
    if (type.unit === 'bytes') expect(selection).toMatch(/[KMG]iB/)
    else expect(selection).toContain(type.total.toLocaleString('en-GB'))
    expect(await text(page, '.flame-panel .selection')).toContain('100 %')
  }
  expect(page.url()).toContain('type=inuse_space')
  await context.close()
})

describe('functions', () => {
  test('hold what the report says, sort and filter', async () => {
    const { context, page } = await open(browser, `${addresses.cpu}#/flame?view=functions`)
    const shown = cpu.profile!.types[cpu.profile!.shown]!
    const names = async (): Promise<string[]> => page.locator('.functions .tree-space .tree-row [title]').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')!.split('\n')[0]!))
    expect((await names()).slice(0, 5)).toEqual(shown.top.slice(0, 5).map((row) => row.func))
    expect(await page.locator('.functions').getAttribute('data-rows')).toBe(String(shown.functions))
    await page.locator('.functions [role=columnheader] button', { hasText: 'cum' }).click()
    const byCum = [...shown.top].sort((a, b) => b.cum - a.cum)
    expect((await names())[0]).toBe(byCum[0]!.func)
    expect(await page.locator('.functions [aria-sort=descending]').innerText()).toContain('cum')
    await page.locator('.functions [role=columnheader] button', { hasText: 'cum' }).click()
    expect(await page.locator('.functions [aria-sort=ascending]').count()).toBe(1)
    await page.locator('input[type=search]').fill('ackermann')
    expect(await page.locator('.functions').getAttribute('data-rows')).toBe('1')
    await context.close()
  })

  test('keys choose one and Enter puts it between its callers and callees', async () => {
    const { context, page } = await open(browser, `${addresses.cpu}#/flame?view=functions`)
    await page.locator('.functions').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    const second = cpu.profile!.types[cpu.profile!.shown]!.top[1]!.func
    expect(decodeURIComponent(page.url())).toContain(`fn=${second}`)
    expect(await page.locator('.functions .tree-row.chosen').count()).toBe(1)
    await page.keyboard.press('Enter')
    await page.locator('.sandwich').waitFor()
    expect(await page.locator('.sandwich h2').getAttribute('title')).toBe(second)
    await context.close()
  })
})

test('callers and callees carry what the function costs; a frame of them can take its place', async () => {
  const tree = flameTree(inuse.flame!)
  const row = functionsOfTree(tree).find((one) => one.func === 'main.allocate')!
  const { context, page } = await open(browser, `${addresses.heap}#/flame?view=sandwich&fn=main.allocate`)
  expect(row.cum).toBe(inuse.top.find((one) => one.func === 'main.allocate')!.cum)
  expect(await text(page, '.sandwich-facts')).toMatch(/3\.8 MiB/)
  const [callers, callees] = [page.locator('.sandwich .flame').nth(0), page.locator('.sandwich .flame').nth(1)]
  await callees.focus()
  await page.keyboard.press('ArrowDown')
  const heaviest = (await text(page, '.sandwich-selected')).split(/\s/)[0]!
  expect(heaviest).toBe('main.deep')
  await callers.focus()
  await page.keyboard.press('ArrowUp')
  expect(await text(page, '.sandwich-selected')).toContain('main.main')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('.sandwich h2')?.getAttribute('title') === 'main.main')
  await page.goBack()
  await page.waitForFunction(() => document.querySelector('.sandwich h2')?.getAttribute('title') === 'main.allocate')
  await context.close()
})

test('turned over, the root is below and keys follow the eye', async () => {
  const { context, page } = await open(browser, `${addresses.heap}#/flame`)
  const flame = page.locator('.flame').first()
  await flame.focus()
  await page.keyboard.press('u')
  expect(page.url()).toContain('up=1')
  await page.keyboard.press('ArrowUp')
  const first = await text(page, '.selection .name')
  expect(first).not.toBe('all')
  await page.keyboard.press('ArrowDown')
  expect(await text(page, '.selection .name')).toBe('all')
  const box = (await flame.boundingBox())!
  await page.mouse.click(box.x + 40, box.y + box.height - 4 - 10 - 21)
  expect(await text(page, '.selection .name')).toBe(first)
  await context.close()
})

test('zooming shows the path, and a crumb leads back', async () => {
  const { context, page } = await open(browser, `${addresses.heap}#/flame`)
  await page.locator('.flame').first().focus()
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
  const crumbs = page.locator('.flame-crumbs')
  const names = (await crumbs.innerText()).split('›').map((name) => name.trim())
  expect([names.length, names[0]]).toEqual([4, 'all'])
  await crumbs.locator('button').nth(1).click()
  await page.waitForFunction(() => document.querySelector('.flame-crumbs')?.textContent?.split('›').length === 2)
  expect(await text(page, '.selection .name')).toBe(names[1])
  await context.close()
})

test('a comparison tells before and after, by shares and by totals, laid out by either', async () => {
  const { context, page } = await open(browser, `${addresses.compared}#/flame`)
  expect(await text(page, '.flame-panel .selection')).toContain('before')
  expect(await page.locator('.flame-legend li').count()).toBe(7)
  await page.locator('button', { hasText: 'Before' }).click()
  await settled(page)
  expect(page.url()).toContain('side=before')
  expect(await page.locator('.tree-row.head [role=columnheader]').allInnerTexts()).toContain('change')
  await page.locator('button', { hasText: 'Totals' }).click()
  expect(page.url()).toContain('delta=abs')
  await context.close()
})

test('a link copied shows the same in a fresh browser', async () => {
  const first = await open(browser, `${addresses.heap}#/flame?view=sandwich&fn=main.allocate&type=alloc_space`)
  await first.page.locator('.foot-copy button').first().click()
  await first.page.locator('.toast.on').waitFor()
  const link = await first.page.evaluate(() => navigator.clipboard.readText())
  const expected = await text(first.page, '.flame-panel')
  await first.context.close()
  const second = await open(browser, link)
  await settled(second.page)
  expect(await text(second.page, '.flame-panel')).toBe(expected)
  expect(await text(second.page, '.foot-command')).toBe('goherd flame fixtures/profiles/go1.26/heap.pb.gz --type alloc_space --format svg')
  await second.context.close()
})

test('hovering over a hundred thousand rows drops no movement and draws nothing', async () => {
  const { context, page, problems } = await open(browser, written('wide-profile', { envelope: { ...heap, profile: { ...heap.profile!, types: [{ ...inuse, top: [], functions: 0, flame: { ...wideFlame(100_000), unit: 'bytes' } }], shown: 0 } } }))
  await settled(page)
  await page.evaluate(() => {
    const counted = window as unknown as { moved: number; drawn: number }
    counted.moved = counted.drawn = 0
    document.querySelector('.flame')!.addEventListener('pointermove', (event) => (counted.moved += (event as PointerEvent).getCoalescedEvents().length || 1))
    const fill = CanvasRenderingContext2D.prototype.fillRect
    CanvasRenderingContext2D.prototype.fillRect = function (...args) {
      counted.drawn += 1
      return fill.apply(this, args)
    }
  })
  const box = (await page.locator('.flame canvas').first().boundingBox())!
  const moves = 120
  for (let step = 0; step < moves; step += 1) await page.mouse.move(box.x + 5 + ((step * 11) % (box.width - 10)), box.y + 30 + (step % 200))
  await settled(page)
  const counted = await page.evaluate(() => ({ moved: (window as unknown as { moved: number }).moved, drawn: (window as unknown as { drawn: number }).drawn }))
  expect(counted).toEqual({ moved: moves, drawn: 0 })
  expect(await text(page, '.flame-tip')).toMatch(/iB/)
  await goTo(page, '#/flame?view=sandwich&fn=nothing')
  expect(await text(page, '.empty-line')).toContain('Select a frame')
  expect(problems).toEqual([])
  await context.close()
})
