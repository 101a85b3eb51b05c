// Measures what a page with a flame graph costs all processes of a Chromium that is started for it: prints JSON.
// usage: node build/bench-flame.js PAGE.html
import { pathToFileURL } from 'node:url'
import { cpuOf, drawn, launched, memory, pageOf, version } from './chromium.js'

const MOVES = 300
const ROUNDS = 3
const page = process.argv[2]
if (!page) throw new Error('usage: node build/bench-flame.js PAGE.html')

const rounds = []
for (let round = 0; round < ROUNDS; round += 1) rounds.push({ blank: await opened('about:blank'), page: await opened(pathToFileURL(page).href) })
console.log(JSON.stringify({ chromium: version(), rounds }))

/** Starts a browser, opens the address, waits until it is drawn and still, moves the mouse over it, and ends. */
async function opened(address) {
  const server = await launched()
  try {
    const tab = await pageOf(server)
    await tab.goto(address)
    if (address === 'about:blank') return { openCpuS: cpuOf(server.process().pid), ...memory(server.process().pid) }
    await tab.locator('.flame canvas').first().waitFor({ timeout: 60_000 })
    await tab.waitForFunction(() => document.querySelector('.flame canvas').width > 300, undefined, { timeout: 60_000 })
    await drawn(tab)
    const openCpuS = cpuOf(server.process().pid)
    const rows = Number(await tab.evaluate(() => document.querySelector('.flame').dataset.rows))
    await tab.evaluate(() => {
      window.moved = 0
      document.querySelector('.flame').addEventListener('pointermove', (event) => (window.moved += event.getCoalescedEvents().length || 1))
    })
    const box = await tab.locator('.flame canvas').first().boundingBox()
    const before = cpuOf(server.process().pid)
    for (let step = 0; step < MOVES; step += 1) await tab.mouse.move(box.x + 5 + ((step * 37) % (box.width - 10)), box.y + 30 + ((step * 7) % (box.height - 60)))
    await drawn(tab)
    const hoverCpuS = cpuOf(server.process().pid) - before
    const seen = await tab.evaluate(() => window.moved)
    return { openCpuS, rows, moves: MOVES, seen, hoverCpuS, ...memory(server.process().pid) }
  } finally {
    await server.close()
  }
}
