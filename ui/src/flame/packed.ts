// Call trees too long for JSON: columns of varints, gzipped, in base64, as `crates/herd-sinks/src/packed.rs` writes them.
import type { Envelope, Flame } from '../envelope.ts'
import type { FlameColumns } from './layout.ts'

const waiting = new WeakMap<Flame, string>()

/** Remembers packed columns by their trees; they are unpacked when first looked at, as a page shows one tree of many. */
export function keep(envelope: Envelope, packed: Record<string, string>): void {
  for (const [pointer, text] of Object.entries(packed)) {
    let at: unknown = envelope
    for (const key of pointer.split('/').slice(1)) at = (at as Record<string, unknown> | undefined)?.[key]
    if (!at) throw new Error(`a call tree is packed for ${pointer}, which the answer does not have`)
    waiting.set(at as Flame, text)
  }
}

/** Puts a tree's columns in their place; nothing to wait for when they are there. */
export function ready(flame: Flame): Promise<void> | undefined {
  const text = waiting.get(flame)
  if (text === undefined) return undefined
  return inflated(text).then((bytes) => {
    // Every reader of columns takes typed arrays, too; the envelope's types are those of its JSON.
    Object.assign(flame, columnsOf(bytes) as unknown as Flame)
    waiting.delete(flame)
  })
}

async function inflated(text: string): Promise<Uint8Array> {
  const unzip = new DecompressionStream('gzip')
  const writer = unzip.writable.getWriter()
  // What goes wrong is told by the end that is read.
  writer.write(bytesOf(text)).catch(() => undefined)
  writer.close().catch(() => undefined)
  return new Uint8Array(await new Response(unzip.readable).arrayBuffer())
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const native = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }
  if (native.fromBase64) return native.fromBase64(text)
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

type Columns = Pick<FlameColumns, 'name' | 'depth' | 'start' | 'total' | 'before' | 'inlined'>

/** Rows, inlined rows and whether there is a column "before"; then a column after the other. */
export function columnsOf(bytes: Uint8Array): Columns {
  let at = 0
  const next = (): number => {
    const first = bytes[at]!
    if (first < 0x80) {
      at += 1
      return first
    }
    let value = 0
    let unit = 1
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error(`a packed call tree ends at byte ${bytes.length}`)
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
      unit *= 128
    }
  }
  const signed = (): number => {
    const value = next()
    // Beyond 2^31 bits are no integers to the language.
    if (value < 0x80) return (value >> 1) ^ -(value & 1)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  const [rows, inlinedRows, compared] = [next(), next(), next()]
  // A row takes a byte in each of its four columns at least.
  if (rows * 4 > bytes.length) throw new Error(`a packed call tree of ${bytes.length} bytes claims ${rows} rows`)
  const name = new Uint32Array(rows)
  for (let row = 0; row < rows; row += 1) name[row] = next()
  const depth = new Uint16Array(rows)
  for (let row = 0, last = 0; row < rows; row += 1) depth[row] = last += signed()
  const total = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) total[row] = next()
  const start = new Float64Array(rows)
  // A row starts where the one before it under the same parent ends, but for what is written.
  const ends = new Float64Array((1 << 16) + 1)
  for (let row = 0; row < rows; row += 1) {
    const level = depth[row]!
    start[row] = ends[level]! + signed()
    ends[level] = start[row]! + total[row]!
    ends[level + 1] = start[row]!
  }
  const before = compared === 1 ? new Float64Array(rows) : null
  if (before) for (let row = 0; row < rows; row += 1) before[row] = next()
  const inlined = new Uint32Array(Math.min(inlinedRows, rows))
  for (let row = 0, last = 0; row < inlined.length; row += 1) inlined[row] = last += next()
  return { name, depth, start, total, before, inlined }
}
