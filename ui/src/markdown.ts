// The subset of Markdown that pattern pages use, as a tree that components render; no HTML passes through.

export type Inline =
  | { kind: 'text' | 'code' | 'strong' | 'em'; text: string }
  | { kind: 'link'; text: string; href: string }

export type Block =
  | { kind: 'heading'; level: number; inlines: Inline[] }
  | { kind: 'paragraph'; inlines: Inline[] }
  | { kind: 'code'; lang: string; text: string }
  | { kind: 'list'; ordered: boolean; items: Block[][] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' }

export interface Document {
  /** Front matter: `title`, `why`, `fix`. */
  meta: Record<string, string>
  blocks: Block[]
}

export function parseMarkdown(text: string): Document {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const meta: Record<string, string> = {}
  const end = lines[0] === '---' ? lines.indexOf('---', 1) : -1
  for (const line of lines.slice(1, Math.max(1, end))) {
    const colon = line.indexOf(':')
    if (colon > 0) meta[line.slice(0, colon).trim()] = unquoted(line.slice(colon + 1).trim())
  }
  return { meta, blocks: parseBlocks(lines.slice(end + 1)) }
}

const LIST_ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/

function parseBlocks(lines: string[]): Block[] {
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at]!
    const fence = /^\s*(```+|~~~+)\s*([\w+-]*)/.exec(line)
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
    if (line.trim() === '') at += 1
    else if (fence) {
      const close = lines.findIndex((other, index) => index > at && other.trim().startsWith(fence[1]!))
      const last = close < 0 ? lines.length : close
      blocks.push({ kind: 'code', lang: fence[2] ?? '', text: lines.slice(at + 1, last).join('\n') })
      at = last + 1
    } else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, inlines: parseInlines(heading[2]!) })
      at += 1
    } else if (/^(\*\s*){3,}$|^(-\s*){3,}$/.test(line.trim())) {
      blocks.push({ kind: 'rule' })
      at += 1
    } else if (line.startsWith('>')) {
      const last = until(lines, at, (other) => other.startsWith('>'))
      blocks.push({ kind: 'quote', blocks: parseBlocks(lines.slice(at, last).map((other) => other.replace(/^>\s?/, ''))) })
      at = last
    } else if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-')) {
      const last = until(lines, at + 2, (other) => other.includes('|') && other.trim() !== '')
      blocks.push({ kind: 'table', head: cells(line), rows: lines.slice(at + 2, last).map(cells) })
      at = last
    } else if (LIST_ITEM.test(line)) at = parseList(lines, at, blocks)
    else {
      const last = until(lines, at + 1, (other) => other.trim() !== '' && !startsBlock(other))
      blocks.push({ kind: 'paragraph', inlines: parseInlines(joined(lines.slice(at, last))) })
      at = last
    }
  }
  return blocks
}

function parseList(lines: string[], first: number, blocks: Block[]): number {
  const [, indent = '', marker = ''] = LIST_ITEM.exec(lines[first]!)!
  const items: string[][] = []
  let at = first
  while (at < lines.length) {
    const line = lines[at]!
    const item = LIST_ITEM.exec(line)
    if (item && item[1]!.length <= indent.length) items.push([item[3]!])
    else if (line.trim() === '') {
      const next = lines[at + 1] ?? ''
      if (!/^\s+\S/.test(next) && !LIST_ITEM.test(next)) break
      items.at(-1)!.push('')
    } else if (/^\s/.test(line) || !startsBlock(line)) items.at(-1)!.push(line.replace(new RegExp(`^\\s{0,${indent.length + marker.length + 1}}`), ''))
    else break
    at += 1
  }
  blocks.push({ kind: 'list', ordered: /\d/.test(marker), items: items.map(parseBlocks) })
  return at
}

function startsBlock(line: string): boolean {
  return /^(#{1,6}\s|\s*```|\s*~~~|>)/.test(line) || LIST_ITEM.test(line)
}

function until(lines: string[], from: number, holds: (line: string) => boolean): number {
  let at = from
  while (at < lines.length && holds(lines[at]!)) at += 1
  return at
}

/** Lines of one paragraph; Chinese text needs no space where a line was broken. */
function joined(lines: string[]): string {
  return lines
    .map((line) => line.trim())
    .reduce((text, line) => (/[\u3000-\u9fff\uff00-\uffef]$/.test(text) && /^[\u3000-\u9fff\uff00-\uffef]/.test(line) ? text + line : `${text} ${line}`))
}

function cells(line: string): Inline[][] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => parseInlines(cell.trim().replaceAll('\\|', '|')))
}

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|(?<![\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:[^>\s]+)>/g

export function parseInlines(text: string): Inline[] {
  const inlines: Inline[] = []
  let last = 0
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) inlines.push({ kind: 'text', text: text.slice(last, match.index) })
    last = match.index + match[0].length
    const [, , code, strong, em, label, href, bare] = match
    if (code !== undefined) inlines.push({ kind: 'code', text: code.trim() })
    else if (strong !== undefined) inlines.push({ kind: 'strong', text: strong })
    else if (em !== undefined) inlines.push({ kind: 'em', text: em })
    else if (label !== undefined && href !== undefined) inlines.push(safeLink(label, href))
    else if (bare !== undefined) inlines.push(safeLink(bare, bare))
  }
  if (last < text.length) inlines.push({ kind: 'text', text: text.slice(last) })
  return inlines
}

function safeLink(text: string, href: string): Inline {
  return /^(https?:\/\/|#)/.test(href) ? { kind: 'link', text, href } : { kind: 'text', text }
}

function unquoted(text: string): string {
  return /^(".*"|'.*')$/.test(text) ? text.slice(1, -1) : text
}
