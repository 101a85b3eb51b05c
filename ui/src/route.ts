// What a person looks at, as the fragment of the address and back. Everything that can be seen is in it, so a copied link shows the same.

export const PAGES = ['verdict', 'groups', 'stack', 'answer', 'timeline', 'flame', 'graph', 'patterns', 'pattern'] as const
export type Page = (typeof PAGES)[number]

export interface Route {
  page: Page
  /** Cluster id on `stack`, pattern id on `pattern`, else empty. */
  id: string
  query: Record<string, string>
}

/** Parts of the query that stay when the page changes. */
export const LASTING = ['lang', 'theme', 'keys'] as const

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = split(hash.replace(/^#?\/?/, ''), '?')
  const [name = '', id = ''] = split(path, '/')
  const page = PAGES.find((known) => known === name) ?? 'verdict'
  const query: Record<string, string> = {}
  for (const [key, value] of new URLSearchParams(search)) query[key] = value
  return { page, id: decode(id), query }
}

export function formatRoute(route: Route): string {
  const path = route.page === 'verdict' ? '' : route.page + (route.id ? `/${encodeURIComponent(route.id)}` : '')
  const search = new URLSearchParams()
  for (const key of Object.keys(route.query).sort()) {
    const value = route.query[key]
    if (value) search.set(key, value)
  }
  const text = search.toString()
  return `#/${path}${text ? `?${text}` : ''}`
}

/** The same page with some of its query changed; an empty value removes the key. */
export function withQuery(route: Route, change: Record<string, string>): Route {
  return { ...route, query: { ...route.query, ...change } }
}

/** Another page; only what lasts is kept of the query. */
export function toPage(from: Route, page: Page, id = '', query: Record<string, string> = {}): Route {
  const kept: Record<string, string> = {}
  for (const key of LASTING) {
    const value = from.query[key]
    if (value) kept[key] = value
  }
  return { page, id, query: { ...kept, ...query } }
}

/** A set kept in one query value. */
export function readSet(value: string | undefined): Set<string> {
  return new Set((value ?? '').split(',').filter((item) => item !== ''))
}

export function writeSet(items: Set<string>): string {
  return [...items].sort().join(',')
}

export function toggled(value: string | undefined, item: string): string {
  const items = readSet(value)
  if (!items.delete(item)) items.add(item)
  return writeSet(items)
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
