// A real Chromium on a built viewer with an envelope in it, every request and console message on record.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const VIEWER = process.env.GOHERD_VIEWER ?? new URL('../../dist/viewer.html', import.meta.url).pathname

export interface Given {
  envelope: unknown
  pages?: unknown
  answer?: unknown
  options?: unknown
}

/** The page as goherd writes it: the data elements filled, `<` escaped. */
export function filled(given: Given): string {
  let html = readFileSync(VIEWER, 'utf8')
  const fill = (id: string, empty: string, value: unknown): void => {
    const mark = `<script id="${id}" type="application/json">${empty}</script>`
    if (html.split(mark).length !== 2) throw new Error(`the viewer must hold ${mark} once`)
    const text = JSON.stringify(value).replaceAll('<', '\\u003c')
    html = html.replace(mark, () => `<script id="${id}" type="application/json">${text}</script>`)
  }
  fill('goherd-envelope', 'null', given.envelope)
  fill('goherd-pages', '{}', given.pages ?? {})
  fill('goherd-answer', 'null', given.answer ?? null)
  fill('goherd-options', '{}', given.options ?? {})
  return html
}

export const folder = mkdtempSync(join(tmpdir(), 'goherd-viewer-'))

/** Writes the page to a file and gives its address. */
export function written(name: string, given: Given): string {
  const path = join(folder, `${name}.html`)
  writeFileSync(path, filled(given))
  return pathToFileURL(path).href
}

export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium || command -v google-chrome'], { encoding: 'utf8' }).trim()
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  })
}

export interface Opened {
  context: BrowserContext
  page: Page
  /** Console errors and warnings, uncaught errors, and refused resources. */
  problems: string[]
  /** Every request that is not the page itself. */
  requests: string[]
}

export interface Look {
  theme?: 'light' | 'dark'
  locale?: string
  width?: number
  height?: number
  motion?: 'reduce' | 'no-preference'
}

export async function open(browser: Browser, address: string, look: Look = {}): Promise<Opened> {
  const context = await browser.newContext({
    colorScheme: look.theme ?? 'light',
    locale: look.locale ?? 'en-GB',
    viewport: { width: look.width ?? 1400, height: look.height ?? 900 },
    reducedMotion: look.motion ?? 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const problems: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => {
    if (request.url().split(/[?#]/)[0] !== address.split(/[?#]/)[0] && !request.url().startsWith('data:')) requests.push(request.url())
  })
  await page.goto(address)
  await page
    .locator('main h1')
    .first()
    .waitFor({ timeout: 15_000 })
    .catch((error: Error) => {
      throw new Error([error.message, ...problems].join('\n'))
    })
  return { context, page, problems, requests }
}

/** The page at another fragment, by the same address bar a person would use. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to
  }, hash)
  await page.waitForFunction((to) => decodeURIComponent(location.hash) === decodeURIComponent(to), hash)
  await settled(page)
}

/** Two animation frames: drawing is asked for in the first and done by the second. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}

/** What axe finds that keeps people out. The page's own policy keeps scripts out; a test speaks through the debugger, which it does not bind. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] })
    return violations.filter((rule) => rule.impact === 'serious' || rule.impact === 'critical').map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
  })
}

/** Pixels by which the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
