// Go names and files as people read them: the tail of a function, its package, whose code it is.
import type { Place } from './envelope.ts'

/** First path elements of the standard library. */
const STD_ROOTS = new Set(
  (
    'archive arena bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html ' +
    'image index internal io iter log maps math mime net os path plugin reflect regexp runtime simd slices sort strconv strings structs ' +
    'sync syscall testing text time unicode unique unsafe vendor weak'
  ).split(' '),
)

export type Owner = 'runtime' | 'std' | 'dependency' | 'user' | 'mark'

/** `net/http.(*conn).serve` → `net/http`. Type arguments may hold slashes and dots, so they are cut off first. */
export function packageOf(func: string): string {
  const name = func.replace(/^created by /, '')
  const bracket = name.search(/[[(]/)
  const plain = bracket < 0 ? name : name.slice(0, bracket)
  const dot = plain.indexOf('.', plain.lastIndexOf('/') + 1)
  return dot < 0 ? plain : plain.slice(0, dot)
}

/** `github.com/acme/pay.(*Client).watch` → `pay.(*Client).watch`. */
export function tailOf(func: string): string {
  const prefix = func.startsWith('created by ') ? 'created by ' : ''
  const name = func.slice(prefix.length)
  const path = packageOf(name)
  return prefix + name.slice(path.lastIndexOf('/') + 1)
}

/** The tail that fits `chars`, cut from the left because the method says most. */
export function fitted(name: string, chars: number): string {
  if (name.length <= chars) return name
  const tail = name.replace(/^created by /, 'go ')
  if (tail.length <= chars) return tail
  if (chars < 3) return ''
  return `…${tail.slice(tail.length - chars + 1)}`
}

/** The part of a file that tells it apart: what it shares with its package path, else its last folder. */
export function fileTail(place: Place): string {
  const parts = place.file.split(/[/\\]/)
  const folders = parts.slice(0, -1)
  const wanted = packageOf(place.func).split('/')
  let shared = 0
  while (shared < wanted.length && shared < folders.length && sameFolder(folders.at(-1 - shared), wanted.at(-1 - shared))) shared += 1
  return parts.slice(-1 - Math.max(1, Math.min(shared, 3))).join('/')
}

export function placeLine(place: Place): string {
  return place.line > 0 ? `${fileTail(place)}:${place.line}` : fileTail(place)
}

/** Pieces a name may be broken between: after a slash or a dot, before a bracket. */
export function pieces(text: string): string[] {
  return text.split(/(?<=\/)|(?<=\.)(?=[^.])(?!go\b)|(?=\()/)
}

/** Whose code a frame is: what a reader can change is `user`. */
export function ownerOf(func: string, file = ''): Owner {
  if (func.startsWith('[') || !func.includes('.')) return 'mark'
  const path = packageOf(func)
  const root = path.split('/')[0] ?? ''
  if (path === 'runtime' || path.startsWith('runtime/') || path.startsWith('internal/runtime')) return 'runtime'
  if (STD_ROOTS.has(root) && isStdFile(path, file)) return 'std'
  if (/[/\\](pkg[/\\]mod|vendor)[/\\]|@v\d/.test(file)) return 'dependency'
  if (file === '' && root.includes('.') && root.startsWith('golang.org')) return 'dependency'
  return 'user'
}

function isStdFile(path: string, file: string): boolean {
  if (file === '' || file.startsWith('<') || path === 'syscall' || path.startsWith('internal/')) return true
  const folder = file.replaceAll('\\', '/').replace(/\/[^/]*$/, '')
  // The runtime implements functions of other packages, such as os/signal.signal_recv and time.Sleep.
  return [path, 'runtime'].some((home) => folder === home || folder.endsWith(`/src/${home}`))
}

function sameFolder(folder: string | undefined, element: string | undefined): boolean {
  return folder?.split('@')[0] === element
}

const LINK_SCHEMES = new Set(['http:', 'https:', 'file:', 'vscode:', 'vscode-insiders:', 'cursor:', 'idea:', 'goland:', 'zed:'])

/** The address of a place by a template with `{file}` and `{line}`; undefined when there is none or it is no harmless address. */
export function sourceLink(template: string | undefined, place: Place): string | undefined {
  if (!template || place.file === '' || place.file.startsWith('<')) return undefined
  const file = place.file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')
  const address = template.replaceAll('{file}', file).replaceAll('{line}', String(place.line)).replaceAll('{func}', encodeURIComponent(place.func))
  return URL.canParse(address) && LINK_SCHEMES.has(new URL(address).protocol) ? address : undefined
}
