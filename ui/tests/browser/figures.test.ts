// Answers that are figures in a real Chromium: the verdict, its tables in both languages, the drawing, and both sides of a diff.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../../src/envelope.ts'
import type { Answer } from '../../src/options.ts'
import { barriers, folder, launch, open, overflow, settled, written, type Look } from './chromium.ts'

const NAMES = ['capacity', 'guard', 'diff', 'heap', 'locks'] as const
const recorded = (name: string): { envelope: Envelope; answer: Answer } => JSON.parse(readFileSync(new URL(`../figures/${name}.json`, import.meta.url), 'utf8'))

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

describe.each<Look & { theme: 'light' | 'dark' }>([
  { theme: 'light', width: 1400 },
  { theme: 'dark', width: 700, locale: 'zh-CN' },
])('answers, $theme, $width px', (look) => {
  test.each(NAMES)('%s: no barrier, no request, no error, and every cell is there', async (name) => {
    const given = recorded(name)
    const { context, page, problems, requests } = await open(browser, written(`figures-${name}`, given), look)
    await settled(page)
    await page.screenshot({ path: join(folder, `figures-${name}-${look.theme}.png`), fullPage: true })
    const words = given.answer.words[look.locale ?? 'en']!
    expect(await page.locator('.lead').innerText()).toBe(words.sentence)
    const cells = words.sheets.reduce((sum, sheet) => sum + sheet.rows.reduce((of, row) => of + row.length, 0), 0)
    expect(await page.locator('.sheet td').count()).toBe(cells)
    const remarks = words.sheets.reduce((sum, sheet) => sum + sheet.remarks.length, 0)
    expect(await page.locator('.remarks li').count()).toBe(remarks)
    expect(await page.locator('.drawing svg').count()).toBe(given.answer.drawing ? 1 : 0)
    expect(await page.locator('canvas').count()).toBe(given.envelope.diff?.flame ? 1 : 0)
    expect(await barriers(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    expect([problems, requests]).toEqual([[], []])
    await context.close()
  })
})

test('what got worse has a colour, and figures alone have none', async () => {
  const { context, page } = await open(browser, written('figures-colour', recorded('diff')))
  await settled(page)
  const shades = await page.locator('.sheet').first().locator('tbody tr').first().locator('td').evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).style.background !== ''))
  expect(shades.slice(0, 2)).toEqual([false, false])
  expect(shades.some(Boolean)).toBe(true)
  await context.close()
})
