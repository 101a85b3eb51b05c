// Colours of frames: one a package for the heaviest packages, greys for the runtime and everything else. Tints of the Okabe–Ito set,
// with text that keeps a contrast of 4.5 on each.
import { ownerOf, packageOf, type Owner } from '../go.ts'
import { nameOf, selfOf, type FlameTree } from './layout.ts'

export interface Theme {
  fills: string[]
  text: string
  dimText: string
  background: string
}

/** The last three: other packages, standard library, runtime and marks. */
export const LIGHT: Theme = {
  fills: ['#8fc9f0', '#f2bd5a', '#7fd0b5', '#eba27a', '#e3b0cf', '#efe58a', '#b3bdf0', '#d3cdbf', '#dfe2e5', '#eceeef'],
  text: '#15181b',
  dimText: '#4c5258',
  background: '#ffffff',
}

export const DARK: Theme = {
  fills: ['#1c5f8c', '#7a5208', '#0d6650', '#8a3f12', '#774262', '#5e5811', '#434b8c', '#524c42', '#3b4148', '#2b3036'],
  text: '#f3f5f7',
  dimText: '#c0c6cd',
  background: '#1a1d22',
}

export const OWN_COLOURS = 7
const OTHER = 7
const STD = 8
const RUNTIME = 9

export interface Colours {
  /** Index into `Theme.fills` by name. */
  ofName: Uint8Array
  /** Packages with a colour of their own, heaviest first, and the three common ones. */
  legend: { label: string; kind: 'package' | 'other' | 'std' | 'runtime'; colour: number }[]
}

/** Cost: linear in rows. */
export function coloursOf(tree: FlameTree, files: Map<string, string>): Colours {
  const owners: Owner[] = tree.names.map((name) => ownerOf(name.replace(/^created by /, ''), files.get(name) ?? ''))
  const packages = tree.names.map(packageOf)
  const weights = new Map<string, number>()
  for (let row = 0; row < tree.name.length; row += 1) {
    const name = tree.name[row]!
    if (owners[name] !== 'user' && owners[name] !== 'dependency') continue
    const weight = selfOf(tree, row) + tree.total[row]! / (1 + tree.depth[row]!)
    weights.set(packages[name]!, (weights.get(packages[name]!) ?? 0) + weight)
  }
  const ranked = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, OWN_COLOURS)
  const own = new Map(ranked.map(([path], at) => [path, at]))
  const ofName = Uint8Array.from(tree.names, (_, name) => {
    const owner = owners[name]
    if (owner === 'runtime' || owner === 'mark') return RUNTIME
    if (owner === 'std') return STD
    return own.get(packages[name]!) ?? OTHER
  })
  const legend: Colours['legend'] = ranked.map(([label], colour) => ({ label, kind: 'package', colour }))
  const used = new Set(ofName)
  if (used.has(OTHER)) legend.push({ label: '', kind: 'other', colour: OTHER })
  if (used.has(STD)) legend.push({ label: '', kind: 'std', colour: STD })
  if (used.has(RUNTIME)) legend.push({ label: '', kind: 'runtime', colour: RUNTIME })
  return { ofName, legend }
}

export function isMark(tree: FlameTree, row: number): boolean {
  return ownerOf(nameOf(tree, row)) === 'mark'
}
