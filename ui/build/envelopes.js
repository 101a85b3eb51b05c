// Writes tests/data, tests/profiles and tests/figures: what goherd answers for recordings in this repository, so that the browser tests see real envelopes.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const top = new URL('../../', import.meta.url).pathname
const kernel = (slug, name) => `crates/herd-patterns/src/patterns/${slug}/fixtures/${name}`
const ANSWERS = {
  'demo-series': ['demo'],
  'one-dump': ['doctor', kernel('leak_ctx_not_cancelled', 'bad.go1.26.debug2.txt.zst')],
  'leak-profile': ['doctor', kernel('leak_select_unsatisfiable', 'bad.go1.27.leak2.txt.zst')],
  'stateless-profile': ['doctor', kernel('leak_send_no_receiver', 'bad.go1.26.debug0.pb.zst')],
  'healthy-series': ['doctor', 'fixtures/healthy/chat/go1.26.series.txt.zst', '--all'],
}
const PROFILES = {
  heap: ['flame', 'fixtures/profiles/go1.26/heap.pb.gz'],
  cpu: ['flame', 'fixtures/profiles/go1.26/cpu.pb.gz'],
  block: ['flame', 'fixtures/profiles/go1.26/block.txt.zst'],
}
// Answers that are figures: the page holds words and tables beside the envelope.
const FIGURES = {
  capacity: ['capacity', 'fixtures/measurements/load.csv', '--at', '150k', '--limit', '4GiB'],
  guard: ['guard', 'fixtures/measurements/control.csv', 'fixtures/measurements/treatment-slow.csv'],
  diff: ['diff', 'fixtures/profiles/go1.26/cpu.pb.gz', 'fixtures/profiles/go1.27/cpu.pb.gz', '--thresholds'],
  heap: ['heap', 'fixtures/profiles/go1.26/heap.pb.gz'],
  locks: ['locks', 'fixtures/profiles/go1.26/mutex.pb.gz', 'fixtures/profiles/go1.26/block.pb.gz'],
}

for (const folder of ['data', 'profiles', 'figures']) mkdirSync(new URL(`../tests/${folder}/`, import.meta.url), { recursive: true })
const chosen = process.argv.slice(2)
const wanted = (name) => chosen.length === 0 || chosen.includes(name)
for (const [name, args] of Object.entries(ANSWERS)) if (wanted(name)) record('data', name, args)
for (const [name, args] of Object.entries(PROFILES)) if (wanted(name)) record('profiles', name, args)
for (const [name, args] of Object.entries(FIGURES)) if (wanted(name)) recordFigures(name, args)
if (wanted('live-graph')) await recordLive('live-graph', 'waits')

/** Writes an answer. */
function record(into, name, args) {
  const envelope = JSON.parse(answerOf([...args, '--format', 'json', '--fail-on', 'never']))
  // Seconds spent differ from run to run.
  for (const target of envelope.targets) if (target.looked_s) target.looked_s = 0.1
  writeFileSync(new URL(`../tests/${into}/${name}.json`, import.meta.url), JSON.stringify(envelope) + '\n')
}

/** Writes what the page of an answer holds. */
function recordFigures(name, args) {
  const html = answerOf([...args, '--format', 'html', '--fail-on', 'never'])
  const held = (id) => JSON.parse(html.match(new RegExp(`<script id="${id}" type="application/json">(.*?)</script>`, 's'))[1])
  writeFileSync(new URL(`../tests/figures/${name}.json`, import.meta.url), JSON.stringify({ envelope: held('goherd-envelope'), answer: held('goherd-answer') }) + '\n')
}

/** Writes what goherd answers for a copy of a running program of `testbed/mixed`. */
async function recordLive(name, program) {
  const folder = mkdtempSync(join(tmpdir(), 'goherd-live-'))
  const built = join(folder, program)
  execFileSync('go', ['build', '-trimpath', '-o', built, `./${program}`], { cwd: `${top}testbed/mixed` })
  const running = spawn(built, ['-truth', join(folder, 'truth')], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await once(running.stdout, 'data')
    record('data', name, ['graph', `pid:${running.pid}`, '--prove'])
  } finally {
    running.kill()
    rmSync(folder, { recursive: true })
  }
}

function answerOf(args) {
  const [program, ...first] = (process.env.GOHERD ?? 'cargo run --quiet --release --').split(' ')
  try {
    return execFileSync(program, [...first, ...args], { cwd: top, encoding: 'utf8', maxBuffer: 1 << 28 })
  } catch (error) {
    // Inconclusive is an answer, too.
    if (error.status === 4) return error.stdout
    throw error
  }
}
