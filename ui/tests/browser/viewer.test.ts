// The built viewer in a real Chromium: every page shows what the envelope says, by mouse and by keyboard, in both themes and languages,
// without a request leaving it.
import { createServer } from 'node:http'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../../src/envelope.ts'
import { incident, wideFlame } from '../incident.ts'
import { barriers, filled, folder, goTo, launch, open, overflow, settled, written, type Look } from './chromium.ts'

const envelope = incident()
const snapshot = envelope.snapshot!
const leak = snapshot.families[0]!
const pages = Object.fromEntries(
  (['LK005:leak_ctx_not_cancelled', 'DL007:deadlock_lock_convoy'] as const).map((pair) => {
    const [id, slug] = pair.split(':') as [string, string]
    const page = (lang: string): string => readFileSync(new URL(`../../../crates/herd-patterns/src/patterns/${slug}/page.${lang}.md`, import.meta.url), 'utf8')
    return [id, { en: page('en'), 'zh-CN': page('zh-CN') }]
  }),
)
const PAGES = {
  verdict: '#/',
  'verdict-selected': `#/?sel=${envelope.candidates[1]!.fingerprint}&table=series`,
  groups: '#/groups',
  'groups-open': `#/groups?idle=1&open=${leak.id}&q=pay`,
  stack: `#/stack/${leak.clusters[0]}`,
  flame: '#/flame',
  'flame-search': '#/flame?q=http&view=flame',
  patterns: '#/patterns',
  pattern: '#/pattern/LK005',
  'pattern-unknown': '#/pattern/LK999',
}

let browser: Browser
let address: string

beforeAll(async () => {
  browser = await launch()
  address = written('incident', { envelope, pages, options: { source_url: 'https://git.example/{file}#L{line}' } })
})
afterAll(() => browser.close())

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText()

describe.each<Look & { theme: 'light' | 'dark' }>([
  { theme: 'light', width: 1400 },
  { theme: 'dark', width: 900, locale: 'zh-CN' },
])('every page, $theme, $width px', (look) => {
  test.each(Object.entries(PAGES))('%s: no barrier, no request, no error', async (name, hash) => {
    const { context, page, problems, requests } = await open(browser, address + hash, look)
    await settled(page)
    await page.screenshot({ path: join(folder, `${name}-${look.theme}-${look.width}.png`), fullPage: true })
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })
})

test('a target with a long name makes no page wider than a small screen', async () => {
  const name = `/builds/${'recorded-of-a-service-whose-name-is-a-long-one/'.repeat(4)}dump.txt`
  const { context, page } = await open(browser, written('long', { envelope: { ...envelope, targets: [{ kind: 'file', name, bytes: 1 }] }, pages }), { width: 390 })
  const wide: Record<string, number> = {}
  for (const [of, hash] of Object.entries(PAGES)) {
    await goTo(page, hash)
    wide[of] = await overflow(page)
  }
  expect(wide).toEqual(Object.fromEntries(Object.keys(PAGES).map((of) => [of, 0])))
  await context.close()
})

describe('pages', () => {
  test('the verdict says what, how many, where, why and what next', async () => {
    const { context, page } = await open(browser, address)
    expect(await text(page, 'h1')).toBe('2 findings. Worst: context never cancelled')
    const first = await text(page, '.judged')
    for (const part of ['Critical', 'suspected', 'LK005', '118,204', '+412/s', 'pay.(*Client).watch', 'stream.go:88', 'api.(*Handler).Create', 'order.go:141', 'goherd explain LK005']) expect(first).toContain(part)
    expect(await page.locator('.judged').count()).toBe(envelope.findings.length + envelope.candidates.length)
    expect(await page.locator('.judged a.file').first().getAttribute('href')).toBe('https://git.example//src/orders/internal/pay/stream.go#L88')
    await page.locator('.judged.candidate .plain').first().click()
    expect(await text(page, '.judged.candidate')).toContain('goherd doctor http://127.0.0.1:6060 --for 60s')
    expect(await text(page, '[aria-labelledby=hidden]')).toContain('641')
    await context.close()
  })

  test('the groups table sorts, filters, opens and always adds up', async () => {
    const { context, page } = await open(browser, `${address}#/groups`)
    const counts = (): Promise<number[]> => page.locator('tr.family').evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.count)))
    const sums = async (): Promise<Record<string, number>> => JSON.parse((await page.locator('.sums').getAttribute('data-sums')) ?? '{}') as Record<string, number>
    const check = async (): Promise<void> => {
      const now = await sums()
      expect((await counts()).reduce((sum, n) => sum + n, 0)).toBe(now.shown)
      expect(now.shown! + now.idle! + now.filtered! + now.beyond! + now.unlisted!).toBe(snapshot.goroutines)
    }
    await check()
    expect(await text(page, '.below')).toContain('(+641 idle)')
    await page.locator('.below button', { hasText: 'idle' }).click()
    expect((await sums()).idle).toBe(0)
    await check()
    await page.keyboard.press('/')
    await page.keyboard.type('mutex pool')
    await page.waitForFunction(() => document.querySelectorAll('tr.family').length === 1)
    await check()
    expect(page.url()).toContain('q=mutex+pool')
    await page.locator('input[type=search]').fill('')
    await page.locator('th button', { hasText: 'count' }).click()
    expect((await counts())[0]).toBe(1)
    expect(await page.locator('th[aria-sort=ascending]').innerText()).toContain('count')
    await goTo(page, `#/groups?open=${leak.id}`)
    expect(await page.locator('tr.cluster').count()).toBe(leak.clusters.length)
    await page.locator('tr.cluster a').first().click()
    await page.locator('h1', { hasText: 'pay.(*Client).watch' }).waitFor()
    await context.close()
  })

  test('a stack shows its frames, ages and raw text at its line', async () => {
    const cluster = snapshot.clusters.find((candidate) => candidate.id === leak.clusters[0])!
    const { context, page } = await open(browser, `${address}#/stack/${cluster.id}`)
    expect(await page.locator('tr.frame:not(.creator)').count()).toBe(cluster.frames.length)
    expect(await text(page, 'tr.blocking')).toContain('pay.(*Client).watch')
    expect(await text(page, 'tr.creator')).toContain('api.(*Handler).Create')
    const bars = await page.locator('[data-chart=waits] rect').count()
    expect(bars).toBeGreaterThan(4)
    expect(await page.locator('[data-twin=waits] tbody tr').count()).toBe(bars)
    const twin = await page.locator('[data-twin=waits] tbody td:nth-child(2)').allInnerTexts()
    expect(twin.map((cell) => Number(cell.replaceAll(',', ''))).reduce((sum, n) => sum + n, 0)).toBe(cluster.count)
    expect(await page.locator('.gutter').first().innerText()).toBe(String(cluster.line))
    expect(await page.locator('.raw-text').allInnerTexts()).toEqual(cluster.sample!.trimEnd().split('\n'))
    expect(await text(page, '[aria-labelledby=labels]')).toContain('tenant=<script>alert(1)</script>')
    await page.locator('.pager a').first().click()
    await page.waitForURL((url) => url.hash.endsWith(leak.clusters[1]!))
    await context.close()
  })

  test('the chart over time and its table hold the same rows', async () => {
    const { context, page } = await open(browser, address)
    await page.locator('.chart canvas').waitFor()
    expect(await page.locator('.legend b').first().innerText()).toBe(snapshot.goroutines.toLocaleString('en-GB'))
    await page.locator('button', { hasText: 'As a table' }).click()
    const totals = await page.locator('[data-twin=series] tbody td:nth-child(3)').allInnerTexts()
    expect(totals.map((cell) => Number(cell.replaceAll(',', '')))).toEqual(envelope.series!.goroutines)
    await context.close()
  })

  test('a pattern page is rendered in the language chosen', async () => {
    const { context, page } = await open(browser, `${address}#/pattern/LK005`)
    expect(await page.locator('.prose h2').count()).toBeGreaterThanOrEqual(5)
    expect(await page.locator('.prose pre').count()).toBeGreaterThanOrEqual(1)
    const english = await text(page, 'h1')
    const chosen = await open(browser, `${written('chosen', { envelope, pages, options: { lang: 'zh-CN' } })}#/pattern/LK005`)
    expect(await chosen.page.evaluate(() => document.documentElement.lang)).toBe('zh-CN')
    await chosen.context.close()
    await page.locator('.bar-tools select').first().selectOption('zh-CN')
    await page.waitForFunction(() => document.documentElement.lang === 'zh-CN')
    expect(await text(page, 'h1')).not.toBe(english)
    expect(await text(page, 'h1')).toMatch(/[\u4e00-\u9fff]/)
    await context.close()
  })
})

const RECORDED = new URL('../data/', import.meta.url)

describe.each(readdirSync(RECORDED))('what goherd answered: %s', (name) => {
  const recorded = JSON.parse(readFileSync(new URL(name, RECORDED), 'utf8')) as Envelope
  const seen = recorded.snapshot!

  test('the verdict names every finding and candidate', async () => {
    const { context, page, problems, requests } = await open(browser, `${written(name, { envelope: recorded, pages })}#/`, { locale: 'zh-CN' })
    expect(await page.locator('.judged .id').allInnerTexts()).toEqual([...recorded.findings, ...recorded.candidates].map((what) => what.id))
    expect(await page.locator('.evidence [lang=en], .notes [lang=en], .lead .dim[lang=en]').allInnerTexts()).toEqual([])
    await page.screenshot({ path: join(folder, `${name}-verdict.png`), fullPage: true })
    expect(await page.locator('[data-twin], .chart').count()).toBe((recorded.series?.goroutines.length ?? 0) > 1 ? 1 : 0)
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })

  test('groups, stacks and flame hold every goroutine', async () => {
    const { context, page, problems } = await open(browser, `${written(name, { envelope: recorded })}#/groups?idle=1&all=1`)
    const sums = JSON.parse((await page.locator('.sums').getAttribute('data-sums')) ?? '{}') as Record<string, number>
    expect([sums.shown, sums.unlisted]).toEqual([seen.goroutines, 0])
    expect(await page.locator('tr.family').count()).toBe(seen.families.length)
    for (const cluster of seen.clusters.slice(0, 4)) {
      await goTo(page, `#/stack/${cluster.id}`)
      expect(await page.locator('tr.frame:not(.creator)').count()).toBe(cluster.frames.length + (cluster.elided ? 1 : 0))
      expect(await page.locator('[data-twin=waits] tbody tr').count()).toBe(await page.locator('[data-chart=waits] rect').count())
    }
    await goTo(page, '#/flame?open=*')
    expect(await page.locator('.tree').getAttribute('data-rows')).toBe(String(recorded.flame!.name.length))
    expect(await text(page, '.selection')).toContain(seen.goroutines.toLocaleString('en-GB'))
    expect(problems).toEqual([])
    await context.close()
  })
})

describe('flame', () => {
  const selection = (page: Page): Promise<string> => text(page, '.selection .name')

  test('keys move, zoom and return; the tree follows', async () => {
    const { context, page } = await open(browser, `${address}#/flame`)
    await page.locator('.flame').focus()
    await page.keyboard.press('ArrowDown')
    expect(await selection(page)).toBe('created by api.(*Handler).Create')
    await page.keyboard.press('ArrowRight')
    expect(await selection(page)).toBe('created by http.(*Server).Serve')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await selection(page)).toBe('pay.(*Client).watch')
    expect(await page.locator('.tree-row.chosen').innerText()).toContain('118,204')
    await page.keyboard.press('Enter')
    await page.waitForURL(/zoom=/)
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => !location.hash.includes('zoom='))
    await page.locator('.tree').focus()
    await page.keyboard.press('Home')
    expect(await selection(page)).toBe('all goroutines')
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('.tree-row.chosen').getAttribute('aria-expanded')).toBe('true')
    await context.close()
  })

  test('a key counts even before the browser has told of the address the one before it set', async () => {
    const { context, page } = await open(browser, `${address}#/flame`)
    await page.locator('.flame').focus()
    await page.keyboard.press('ArrowDown')
    const hash = await page.evaluate(() => {
      const flame = document.querySelector('.flame')!
      for (const key of ['Enter', 'Escape']) flame.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
      return location.hash
    })
    expect(hash).toContain('at=')
    expect(hash).not.toContain('zoom=')
    await context.close()
  })

  test('the tree holds each row of the graph', async () => {
    const { context, page } = await open(browser, `${address}#/flame?open=*`)
    expect(await page.locator('.tree').getAttribute('data-rows')).toBe(String(envelope.flame!.name.length))
    expect(await page.locator('.tree-space .tree-row').first().innerText()).toContain(snapshot.goroutines.toLocaleString('en-GB'))
    await context.close()
  })

  test('a click selects what is drawn there and hovering draws nothing', async () => {
    const { context, page } = await open(browser, `${address}#/flame`)
    const box = (await page.locator('.flame canvas').boundingBox())!
    await page.evaluate(() => {
      const counted = window as unknown as { drawn: number }
      counted.drawn = 0
      const fill = CanvasRenderingContext2D.prototype.fillRect
      CanvasRenderingContext2D.prototype.fillRect = function (...args) {
        counted.drawn += 1
        return fill.apply(this, args)
      }
    })
    for (let x = 10; x < 600; x += 30) await page.mouse.move(box.x + x, box.y + 50)
    await settled(page)
    expect(await text(page, '.flame-tip')).toContain('pay.(*Client).Subscribe')
    await page.mouse.click(box.x + 200, box.y + 3.5 * 21)
    expect(await selection(page)).toBe('pay.(*Client).watch')
    expect(await page.evaluate(() => (window as unknown as { drawn: number }).drawn)).toBe(0)
    await page.mouse.dblclick(box.x + 200, box.y + 3.5 * 21)
    await page.waitForURL(/zoom=/)
    await context.close()
  })

  test('search counts what matches and Enter goes through it', async () => {
    const { context, page } = await open(browser, `${address}#/flame`)
    await page.keyboard.press('/')
    await page.keyboard.type('net/HTTP')
    expect(await text(page, '.matches')).toMatch(/^5 rows match, 0\.94 % of 122,898 goroutines$/)
    await page.keyboard.press('Enter')
    expect(await selection(page)).toBe('created by http.(*Server).Serve')
    await context.close()
  })

  test('a hundred thousand rows open, zoom and scroll', async () => {
    const wide: Envelope = { ...envelope, flame: wideFlame(100_000) }
    const { context, page, problems } = await open(browser, `${written('wide', { envelope: wide })}#/flame?open=*`)
    expect(await page.locator('.tree').getAttribute('data-rows')).toBe('100000')
    expect(await page.locator('.tree-space .tree-row').count()).toBeLessThan(100)
    await page.locator('.tree').focus()
    await page.keyboard.press('End')
    await page.waitForURL(/at=/)
    expect(await page.locator('.tree-row.chosen').getAttribute('aria-rowindex')).toBe('100001')
    await page.locator('.flame').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/zoom=/)
    expect(problems).toEqual([])
    await context.close()
  })

  test('an envelope without a flame gets one from its clusters', async () => {
    const bare: Envelope = { ...envelope }
    delete bare.flame
    const { context, page } = await open(browser, `${written('bare', { envelope: bare })}#/flame?open=*`)
    expect(await page.locator('.tree').getAttribute('data-rows')).toBe(String(envelope.flame!.name.length))
    await context.close()
  })
})

describe('keyboard and links', () => {
  test('letters go places and the list of keys can turn them off', async () => {
    const { context, page } = await open(browser, address)
    for (const [keys, heading] of [['gg', 'Groups'], ['gf', 'Flame graph'], ['gw', 'Flame graph'], ['gp', 'Patterns'], ['gv', '2 findings']] as const) {
      for (const key of keys) await page.keyboard.press(key)
      await page.locator('h1', { hasText: heading }).waitFor()
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    }
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    expect(await text(page, '.judged.selected h3')).toContain('DL007')
    await page.keyboard.press('[')
    expect(await text(page, '.judged.selected h3')).toContain('LK005')
    await page.keyboard.press('?')
    await page.locator('dialog[open] input').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await settled(page)
    expect(await text(page, 'h1')).toContain('2 findings')
    await context.close()
  })

  test('Tab alone reaches every finding and copies a link', async () => {
    const { context, page } = await open(browser, address)
    const reached = new Set<string>()
    let copied = ''
    for (let step = 0; step < 150 && copied === ''; step += 1) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => ({ card: document.activeElement?.closest('.judged')?.querySelector('h3')?.textContent ?? '', text: document.activeElement?.textContent ?? '' }))
      if (at.card) reached.add(at.card.trim())
      if (at.text.startsWith('Copy link')) {
        await page.keyboard.press('Enter')
        await page.locator('.toast.on').waitFor()
        copied = await page.evaluate(() => navigator.clipboard.readText())
      }
    }
    expect(reached.size).toBe(envelope.findings.length + envelope.candidates.length)
    expect(copied).toBe(page.url())
    await context.close()
  })

  test.each([
    ['verdict', '#/', async (page: Page) => { await page.keyboard.press(']'); await page.keyboard.press(']'); await page.keyboard.press(']') }, '.judged.selected'],
    ['groups', '#/groups', async (page: Page) => { await page.locator('input[type=search]').fill('internal/mod1 worker'); await page.locator('th button', { hasText: 'max' }).click(); await page.locator('tr.family button').nth(1).click() }, '.groups'],
    ['stack', `#/groups?open=${leak.id}`, async (page: Page) => { await page.locator('tr.cluster a').nth(1).click(); await page.locator('.frames').waitFor() }, 'main'],
    ['flame', '#/flame', async (page: Page) => { await page.locator('.flame').focus(); for (const key of ['ArrowDown', 'ArrowDown', 'Enter', 'ArrowDown']) await page.keyboard.press(key) }, '.selection'],
    ['pattern', '#/pattern/DL007', async (page: Page) => { await page.locator('.bar-tools select').first().selectOption('zh-CN'); await page.locator('.bar-tools select').nth(1).selectOption('dark') }, 'main'],
  ] as const)('a link copied on %s shows the same in a fresh browser', async (_name, hash, act, selector) => {
    const first = await open(browser, address + hash)
    await act(first.page)
    await settled(first.page)
    await first.page.locator('.foot-copy button').first().click()
    await first.page.locator('.toast.on').waitFor()
    const link = await first.page.evaluate(() => navigator.clipboard.readText())
    const expected = await text(first.page, selector)
    const theme = await first.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await first.context.close()
    const second = await open(browser, link)
    await settled(second.page)
    expect(await text(second.page, selector)).toBe(expected)
    expect(await second.page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(theme)
    expect(expected.length).toBeGreaterThan(20)
    await second.context.close()
  })

  test('the command of a page is copied as it stands', async () => {
    const { context, page } = await open(browser, `${address}#/pattern/LK005`)
    await page.locator('.foot-copy button').nth(1).click()
    await page.locator('.toast.on').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('goherd explain LK005')
    await context.close()
  })
})

describe('odd inputs', () => {
  const empty = { schema: 'goherd/1', command: 'doctor', goherd: '0.1.0', targets: [], verdict: 'healthy', findings: [], candidates: [], notes: [], hidden: {} }

  test('an envelope with nothing in it shows on every page', async () => {
    const { context, page, problems } = await open(browser, written('empty', { envelope: empty }))
    expect(await text(page, 'h1')).toBe('Nothing is wrong')
    for (const hash of ['#/groups', '#/flame', '#/stack/x', '#/patterns', '#/pattern/LK001']) {
      await goTo(page, hash)
      expect((await text(page, 'main')).length).toBeGreaterThan(5)
    }
    expect(problems).toEqual([])
    await context.close()
  })

  test.each([
    [{ ...empty, schema: 'goherd/9' }, 'schema goherd/9'],
    [{ hello: 1 }, 'no goherd envelope'],
    [null, 'No report here yet'],
  ])('what is no envelope of this version is named', async (given, message) => {
    const { context, page } = await open(browser, written('odd', { envelope: given }))
    expect(await text(page, 'main')).toContain(message)
    await context.close()
  })

  test('hostile names stay text', async () => {
    const evil = '</script><img src=x onerror=alert(1)>{{constructor}}'
    const at = { func: `main.${evil}`, file: `javascript:alert(1)//${evil}`, line: 1 }
    const hostile: Envelope = { ...incident(), targets: [{ kind: 'file', name: evil, bytes: 1 }], notes: [{ kind: 'advice', text: evil }] }
    hostile.findings = [{ ...hostile.findings[0]!, at, title: evil, why: evil, next: [evil], target: evil }]
    const { context, page, problems, requests } = await open(browser, written('hostile', { envelope: hostile, pages: { LK005: { en: `# ${evil}\n\n${evil} [x](javascript:alert(1))` } }, options: { source_url: '{file}' } }))
    for (const hash of ['#/', '#/groups', '#/pattern/LK005']) {
      await goTo(page, hash)
      expect(await text(page, 'main')).toContain('<img src=x onerror=alert(1)>'.slice(0, hash === '#/groups' ? 0 : 40))
      expect(await page.locator('main img').count()).toBe(0)
      expect(await page.locator('a[href^="javascript"]').count()).toBe(0)
    }
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })

  test('served over HTTP without an envelope it asks the address beside it', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const api = request.url === '/api/envelope'
      response.setHeader('content-type', api ? 'application/json' : 'text/html; charset=utf-8')
      response.end(api ? JSON.stringify(envelope) : filled({ envelope: null }))
    }).listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    const { context, page, problems } = await open(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(await text(page, 'h1')).toContain('2 findings')
    expect(asked).toEqual(['/', '/api/envelope'])
    expect(problems).toEqual([])
    await context.close()
    server.close()
  })
})

test('nothing in the viewer points outside but licences and names of formats', () => {
  const html = readFileSync(new URL('../../dist/viewer.html', import.meta.url), 'utf8')
  const addresses = [...html.matchAll(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}[^\s"'`<>\\)]*/gi)].map((match) => match[0])
  expect([...new Set(addresses)].filter((address) => !/^https?:\/\/(www\.w3\.org|svelte\.dev)\//.test(address))).toEqual([])
})
