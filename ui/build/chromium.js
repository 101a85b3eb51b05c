// A Chromium to measure, and what it and other processes cost.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Starts a browser. */
export function launched() {
  return chromium.launchServer({
    executablePath: executable(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  })
}

/** A page in it, of a size that is always the same. */
export async function pageOf(server) {
  const browser = await chromium.connect(server.wsEndpoint())
  return browser.newPage({ viewport: { width: 1400, height: 900 } })
}

/** Waits until the page is drawn. */
export function drawn(tab) {
  return tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}

/** The process and all below it. */
function family(root) {
  const parents = new Map()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null
    if (stat) parents.set(Number(name), Number(stat[1]))
  }
  const below = (pid) => pid === root || (parents.has(pid) && below(parents.get(pid)))
  return [...parents.keys()].filter(below)
}

/** Fields of `/proc/PID/stat` from the state on; nothing for a process that has ended. */
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}

/** User and system time of all of them, and of those they have waited for. */
export function cpuOf(root) {
  const ticks = family(root).flatMap((pid) => (statOf(pid) ?? []).slice(11, 15).map(Number))
  return ticks.reduce((sum, n) => sum + n, 0) / ticksPerSecond
}

/** Memory of all of them; what they share counts once. */
export function memory(root) {
  const kb = family(root).map((pid) => {
    try {
      return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(error.code)) return 0
      throw error
    }
  })
  return { pssMb: Math.round(kb.reduce((sum, n) => sum + n, 0) / 1024) }
}

function executable() {
  return process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium || command -v google-chrome'], { encoding: 'utf8' }).trim()
}

export function version() {
  return execFileSync(executable(), ['--version', '--no-sandbox'], { encoding: 'utf8' }).trim()
}
