import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytes, duration, percent, rate, seconds, spread } from '../../src/figure.ts'
import { fileTail, fitted, ownerOf, packageOf, pieces, placeLine, sourceLink, tailOf } from '../../src/go.ts'
import { parseInlines, parseMarkdown } from '../../src/markdown.ts'
import { readSentences, sentencesOf } from '../../build/sentences.ts'
import { formOf, sentenceOf, translated } from '../../src/fact.ts'
import en from '../../src/messages/en.json'
import zhCN from '../../src/messages/zh-CN.json'

describe('messages', () => {
  test('both languages have the same keys', () => {
    expect(Object.keys(zhCN)).toEqual(Object.keys(en))
  })

  test('a sentence names the same values in both', () => {
    const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((hole) => hole[1]!).sort()
    for (const [key, text] of Object.entries(en)) expect([key, holes(zhCN[key as keyof typeof zhCN])]).toEqual([key, holes(text)])
  })

  test('every key is used', () => {
    const source = ['', 'parts', 'pages', 'flame', 'graph', 'timeline'].flatMap((folder) => {
      const path = new URL(`../../src/${folder}/`, import.meta.url)
      return readdirSync(path).filter((name) => /\.(svelte|ts)$/.test(name)).map((name) => readFileSync(new URL(name, path), 'utf8'))
    }).join('\n')
    const families = [...source.matchAll(/`([\w.]+[._])\$\{/g)].map((match) => match[1]!)
    const counted = [...source.matchAll(/count\('(\w+)'/g)].map((match) => `${match[1]}.`)
    const unused = Object.keys(en).filter((key) => !source.includes(`'${key}'`) && ![...families, ...counted].some((prefix) => key.startsWith(prefix)))
    expect(unused).toEqual([])
  })
})

describe('facts', () => {
  const evidence = { kind: 'growth' as const, text: 'rose from 433 to 3296', args: { to: '3296', from: '433' } }

  test('a sentence is chosen by pattern, kind and the values at hand', () => {
    const table = sentencesOf('evidence-growth-from-to = 从 { $from } 增至 {$to}\nevidence-LK009-growth-from-to = 连接 { $to }\nother = x\n')
    expect(sentenceOf(table, 'LK005', evidence, 'zh-CN')).toBe('从 433 增至 3,296')
    expect(sentenceOf(table, 'LK009', evidence, 'zh-CN')).toBe('连接 3,296')
    expect(sentenceOf(table, 'LK005', { ...evidence, args: { from: '433' } }, 'zh-CN')).toBeUndefined()
  })

  test('the table of the text sinks is read', () => {
    const table = readSentences().facts
    expect(Object.keys(table).length).toBeGreaterThan(10)
    for (const [key, sentence] of Object.entries(table)) for (const hole of sentence.matchAll(/\{(\w+)\}/g)) expect(key.split('-')).toContain(hole[1])
  })
})

describe('Go names', () => {
  test.each([
    ['main.main', 'main', 'main.main'],
    ['net/http.(*conn).serve', 'net/http', 'http.(*conn).serve'],
    ['github.com/acme/pay.(*Client).watch', 'github.com/acme/pay', 'pay.(*Client).watch'],
    ['a.com/x/y.F[go.shape.struct { a.com/z.T }]', 'a.com/x/y', 'y.F[go.shape.struct { a.com/z.T }]'],
    ['created by a.com/x/y.(*T).m', 'a.com/x/y', 'created by y.(*T).m'],
  ])('%s', (func, path, tail) => {
    expect([packageOf(func), tailOf(func)]).toEqual([path, tail])
  })

  test.each([
    ['runtime.gopark', '/usr/local/go/src/runtime/proc.go', 'runtime'],
    ['net/http.(*conn).serve', 'net/http/server.go', 'std'],
    ['net/http.(*conn).serve', 'C:\\Go\\src\\net\\http\\server.go', 'std'],
    ['log.(*Store).flush', '/home/ann/log/store.go', 'user'],
    ['main.main', '/src/main.go', 'user'],
    ['os/signal.signal_recv', 'runtime/sigqueue.go', 'std'],
    ['github.com/nats-io/nats%2ego.(*Conn).flusher', '/go/pkg/mod/github.com/nats-io/nats.go@v1.37.0/nats.go', 'dependency'],
    ['[chan receive]', '', 'mark'],
    ['all goroutines', '', 'mark'],
  ])('%s of %s', (func, file, owner) => {
    expect(ownerOf(func, file)).toBe(owner)
  })

  test('the end of a name is kept', () => {
    expect([fitted('pay.(*Client).watch', 30), fitted('pay.(*Client).watch', 8), fitted('pay.x', 2), fitted('created by pay.x', 9)]).toEqual(['pay.(*Client).watch', '…).watch', '', 'go pay.x'])
  })

  test('a file is cut to what tells it apart', () => {
    const place = { func: 'github.com/acme/orders/internal/pay.(*Client).watch', file: '/home/ci/build/orders/internal/pay/stream.go', line: 88 }
    expect(placeLine(place)).toBe('orders/internal/pay/stream.go:88')
    expect(fileTail({ func: 'main.main', file: 'main.go', line: 0 })).toBe('main.go')
    expect(pieces('internal/pay/stream.go:88')).toEqual(['internal/', 'pay/', 'stream.go:88'])
  })

  test('source links fill the template and refuse what could run', () => {
    const place = { func: 'main.f', file: '/src/a b/x.go', line: 7 }
    expect(sourceLink('https://git.example/{file}#L{line}', place)).toBe('https://git.example//src/a%20b/x.go#L7')
    expect(sourceLink('vscode://file{file}:{line}', place)).toBe('vscode://file/src/a%20b/x.go:7')
    expect(sourceLink('{file}', { ...place, file: 'javascript:alert(1)' })).toBeUndefined()
    expect(sourceLink('javascript:{file}', place)).toBeUndefined()
    expect(sourceLink(undefined, place)).toBeUndefined()
    expect(sourceLink('https://x/{file}', { ...place, file: '<autogenerated>' })).toBeUndefined()
  })
})

test('figures', () => {
  expect([0, 59, 60, 4260, 11_340, 7200, 200_000].map(duration)).toEqual(['< 1m', '59s', '1m', '71m', '3h09m', '2h', '2d7h'])
  expect([seconds(0.0042, 'en'), seconds(0.14, 'en'), seconds(120.44, 'en')]).toEqual(['4.2 ms', '140 ms', '120.4 s'])
  expect([bytes(900, 'en'), bytes(71_303_168, 'en')]).toEqual(['900 B', '68 MiB'])
  expect([percent(1, 3, 'en'), percent(1, 3000, 'en'), percent(3, 3, 'en'), percent(0, 0, 'en')]).toEqual(['33.3 %', '0.03 %', '100 %', '–'])
  expect([rate(412.4, 'en'), rate(-0.25, 'en'), rate(0, 'en')]).toEqual(['+412/s', '-0.25/s', '0/s'])
  expect([spread(null), spread({ min: 0, p50: 60, max: 120 }), spread({ min: 60, p50: 60, max: 60 })]).toEqual(['–', '< 1m … 2m', '1m'])
})

describe('Markdown', () => {
  test('front matter, headings, code, lists, tables', () => {
    const page = parseMarkdown('---\ntitle: "context never cancelled"\nwhy: a: b\n---\n# LK005 Context\n\nText `a*b` and\n**more**.\n\n```go\nfor {\n}\n```\n- one\n  still one\n- two\n\n| a | b |\n|---|---|\n| `x\\|y` | 2 |\n')
    expect(page.meta).toEqual({ title: 'context never cancelled', why: 'a: b' })
    expect(page.blocks.map((block) => block.kind)).toEqual(['heading', 'paragraph', 'code', 'list', 'table'])
    expect(page.blocks[2]).toEqual({ kind: 'code', lang: 'go', text: 'for {\n}' })
    expect(page.blocks[3]).toMatchObject({ ordered: false, items: [[{ kind: 'paragraph' }], [{ kind: 'paragraph' }]] })
    expect(page.blocks[4]).toMatchObject({ rows: [[[{ kind: 'code', text: 'x|y' }], [{ kind: 'text', text: '2' }]]] })
  })

  test('markup stays text and links are addresses or fragments', () => {
    expect(parseInlines('<b onclick=x>[a](javascript:x) [b](https://go.dev) *(*T).m* snake_case_name')).toEqual([
      { kind: 'text', text: '<b onclick=x>' },
      { kind: 'text', text: 'a' },
      { kind: 'text', text: ' ' },
      { kind: 'link', text: 'b', href: 'https://go.dev' },
      { kind: 'text', text: ' ' },
      { kind: 'em', text: '(*T).m' },
      { kind: 'text', text: ' snake_case_name' },
    ])
  })

  test('a broken Chinese line joins without a space', () => {
    expect(parseMarkdown('一个请求\n结束后').blocks).toEqual([{ kind: 'paragraph', inlines: [{ kind: 'text', text: '一个请求结束后' }] }])
  })

  test('every pattern page is read whole', () => {
    const root = new URL('../../../crates/herd-patterns/src/patterns/', import.meta.url)
    const pages = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => ['en', 'zh-CN'].map((lang) => new URL(`${entry.name}/page.${lang}.md`, root)))
    expect(pages.length).toBeGreaterThanOrEqual(36)
    const words = (text: string): string => text.replace(/[\s`*_|#>\-+.\\:[\]()<>~"'0-9]/g, '')
    for (const page of pages) {
      const source = readFileSync(page, 'utf8')
      const parsed = parseMarkdown(source)
      expect(Object.keys(parsed.meta)).toEqual(['title', 'why', 'fix'])
      const text = JSON.stringify(parsed.blocks, (key, value: unknown) => (['kind', 'level', 'lang', 'ordered'].includes(key) ? undefined : value))
      const shown = words([...text.matchAll(/"(?:text|href)":("(?:[^"\\]|\\.)*")/g)].map((match) => JSON.parse(match[1]!) as string).join(''))
      const body = source.replace(/^---[\s\S]*?\n---\n/, '').replace(/^```\w*$/gm, '')
      expect([page.pathname, shown.length]).toEqual([page.pathname, words(body).length])
    }
  })

  test('a sentence is known by its words, and so is one inside it', () => {
    const forms = readSentences().forms.map(formOf)
    expect(forms.length).toBeGreaterThan(150)
    expect(translated(forms, 'kept 4096 frames of a stack, dropped 17')).toBe('一个栈保留了 4096 帧，舍去 17 帧')
    expect(translated(forms, 'kept some frames of a stack, dropped 17')).toBeUndefined()
    const refused = 'the leak profile is listed but not answered: http://h:1 cannot be reached: Connection refused (os error 111)'
    expect(translated(forms, refused)).toBe('端点列出了泄漏 profile，但没有给出：无法连接 http://h:1：连接被拒绝（os error 111）')
    const leftOut = '3 of 7 entries hold no goroutine dump: a (empty), b.gz (gzip-compressed data) and 1 more'
    expect(translated(forms, leftOut)).toBe('7 个条目中有 3 个不含 goroutine dump：a（空的）、b.gz（gzip 压缩数据），另有 1 个')
    expect(translated(forms, 'one per sql.DB')).toBe('每个 sql.DB 一个')
    for (const { form, words } of forms) for (const hole of words.matchAll(/\{(\w+)\}/g)) expect(form.source).toContain(`<${hole[1]}>`)
  })
})
