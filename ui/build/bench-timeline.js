// Measures what interactions with the timeline of a served trace cost: CPU of goherd and of all processes of a Chromium, each from the
// moment before the interaction until the page is drawn and no question is open. Prints JSON.
// usage: node build/bench-timeline.js ADDRESS GOHERD_PID
import { cpuOf, drawn, launched, pageOf, version } from './chromium.js'

const [address, goherd] = process.argv.slice(2)
if (!address || !goherd) throw new Error('usage: node build/bench-timeline.js ADDRESS GOHERD_PID')
/** No question for so long means that the answers are there. */
const QUIET_MS = 300
/** Groups that are opened until somebody in one waits. */
const GROUPS_TRIED = 8
const LINES_TRIED = 60

const server = await launched()
const interactions = []
try {
  const tab = await pageOf(server)
  let open = 0
  let last = Date.now()
  const change = (by) => () => {
    open += by
    last = Date.now()
  }
  tab.on('request', change(1))
  tab.on('requestfinished', change(-1))
  tab.on('requestfailed', change(-1))
  const quiet = async () => {
    await drawn(tab)
    while (open > 0 || Date.now() - last < QUIET_MS) await new Promise((done) => setTimeout(done, 20))
    await drawn(tab)
  }
  const all = () => cpuOf(server.process().pid) + cpuOf(Number(goherd))
  await quiet()
  const page = await measured('the page itself', () => tab.goto(`${address}#/patterns`))
  const idle = await measured('idle', async () => undefined)
  async function measured(name, act) {
    last = Date.now()
    const [goherdBefore, before] = [cpuOf(Number(goherd)), all()]
    await act()
    await quiet()
    const cost = { name, cpuMs: Math.round(1000 * (all() - before)), goherdMs: Math.round(1000 * (cpuOf(Number(goherd)) - goherdBefore)) }
    return cost
  }
  const act = async (name, doing) => interactions.push(await measured(name, doing))
  await act('first paint', async () => {
    await tab.keyboard.press('g')
    await tab.keyboard.press('t')
    await tab.locator('.timeline canvas').waitFor({ timeout: 60_000 })
  })
  const box = await tab.locator('.timeline').boundingBox()
  const middle = { x: box.x + 800, y: box.y + 120 }
  await tab.locator('.timeline').focus()
  for (let round = 0; round < 8; round += 1) await act('zoom in by key', () => tab.keyboard.press('+'))
  for (let round = 0; round < 6; round += 1) await act('move by key', () => tab.keyboard.press(round % 3 === 2 ? 'ArrowLeft' : 'ArrowRight'))
  await tab.mouse.move(middle.x, middle.y)
  for (let round = 0; round < 4; round += 1) await act('zoom by wheel', () => tab.mouse.wheel(0, -250))
  for (let round = 0; round < 4; round += 1)
    await act('drag', async () => {
      await tab.mouse.move(middle.x, middle.y)
      await tab.mouse.down()
      await tab.mouse.move(middle.x - 150, middle.y, { steps: 5 })
      await tab.mouse.up()
    })
  await act('open a group', () => tab.locator('.grid button').first().click())
  await tab.locator('.timeline').focus()
  for (let round = 0; round < 3; round += 1) await act('move with a group open', () => tab.keyboard.press('ArrowRight'))
  await selectWait(tab)
  await act('choose a wait', () => tab.keyboard.press('Enter'))
  await tab.locator('.timeline-moment').waitFor()
  const waker = tab.locator('.timeline-moment h3 + p button')
  if ((await waker.count()) > 0) await act('go to the waker', () => waker.click())
  await tab.locator('input[type=search]').focus()
  for (const letter of ['m', 'a', 'i', 'n']) await act('search, a letter', () => tab.keyboard.press(letter))
  await act('search for nothing more', () => tab.locator('input[type=search]').fill(''))
  await tab.locator('.timeline').focus()
  await act('whole trace', () => tab.keyboard.press('Home'))
  console.log(JSON.stringify({ chromium: version(), page, idle, interactions }))
} finally {
  await server.close()
}

/** Goes down the lines until a goroutine that waits at the window's middle is selected, opening groups where none does. */
async function selectWait(tab) {
  const box = await tab.locator('.timeline').boundingBox()
  const selected = () => tab.locator('[role=status] + .timeline').evaluate((frame) => frame.previousElementSibling.textContent)
  for (let group = 1; group < GROUPS_TRIED; group += 1) {
    // The first line, where every search begins.
    await tab.locator('.timeline').evaluate((frame) => (frame.scrollTop = 0))
    await drawn(tab)
    await tab.mouse.click(box.x + 10, box.y + 30)
    for (let line = 0; line < LINES_TRIED; line += 1) {
      if (/^#\d+ · (Channel|Package sync|Sleep|Network|Other)/.test(await selected())) return
      await tab.keyboard.press('ArrowDown')
      await drawn(tab)
    }
    await tab.locator('.grid button').nth(group).click()
    await tab.locator('.timeline').focus()
  }
  throw new Error('no goroutine of the first groups waits at the middle of the window')
}
