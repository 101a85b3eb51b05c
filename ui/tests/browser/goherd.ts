// The real goherd: what it serves and what it writes of a recorded trace.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { folder } from './chromium.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const BINARY = process.env.GOHERD ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'release/goherd')

function binary(): string {
  if (!existsSync(BINARY)) throw new Error(`there is no ${BINARY}; run: cargo build --release -p goherd, or set GOHERD`)
  return BINARY
}

export const recording = (name: string): string => join(ROOT, 'fixtures/traces', name)

/** What an independent reader says of a recorded trace. */
export function oracle(name: string): Record<string, any> {
  return JSON.parse(readFileSync(recording(`${name}.oracle.json`), 'utf8')) as Record<string, any>
}

/** The recording in a folder as deep as some build machines have: its path must push no page wider than the screen. */
function deep(trace: string): string {
  const at = join(folder, 'recorded-of-a-service-whose-name-is-a-long-one', 'production-of-the-canary')
  mkdirSync(at, { recursive: true })
  const path = join(at, `${trace.replaceAll('/', '-')}.trace.zst`)
  copyFileSync(recording(`${trace}.trace.zst`), path)
  return path
}

export interface Serving {
  address: string
  stop: () => Promise<void>
}

/** `goherd open TRACE`, until it is stopped. */
export async function serving(trace: string): Promise<Serving> {
  const child = spawn(binary(), ['open', deep(trace), '--no-browser'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const address = await new Promise<string>((done, failed) => {
    let out = ''
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString()
      if (out.includes('\n')) done(out.split('\n')[0]!)
    })
    child.on('error', failed)
    child.on('exit', (code) => failed(new Error(`goherd open ended with ${code}\n${said}`)))
  })
  return { address, stop: () => stopped(child) }
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.removeAllListeners('exit')
    child.on('exit', () => done())
    child.kill('SIGINT')
  })
}

/** `goherd trace TRACE --format html -o FILE`; the file's address. */
export function page(trace: string): string {
  const path = join(folder, `${trace.replaceAll('/', '-')}-trace.html`)
  const args = ['trace', deep(trace), '--format', 'html', '--output', path]
  execFileSync(binary(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
  return pathToFileURL(path).href
}
