// Colours of frames: one a package for the heaviest packages, greys for the runtime and everything else. Tints of the Okabe–Ito set,
// with text that keeps a contrast of 4.5 on each.
import { ownerOf, packageOf, type Owner } from '../go.ts'
import { nameOf, type FlameTree } from './layout.ts'

export interface Theme {
  fills: string[]
  /** Of a comparison: much less, less, a little less, about equal, a little more, more, much more. Blue and orange, which all eyes tell apart. */
  changes: string[]
  text: string
  dimText: string
  background: string
}

/** The last three: other packages, standard library, runtime and marks. */
export const LIGHT: Theme = {
  fills: ['#8fc9f0', '#f2bd5a', '#7fd0b5', '#eba27a', '#e3b0cf', '#efe58a', '#b3bdf0', '#d3cdbf', '#dfe2e5', '#eceeef'],
  changes: ['#5aa9dd', '#93c9ee', '#cfe6f7', '#eceeef', '#fbe3c4', '#f7c27f', '#eb9a3c'],
  text: '#15181b',
  dimText: '#4c5258',
  background: '#ffffff',
}

export const DARK: Theme = {
  fills: ['#1c5f8c', '#7a5208', '#0d6650', '#8a3f12', '#774262', '#5e5811', '#434b8c', '#524c42', '#3b4148', '#2b3036'],
  changes: ['#0f6bab', '#1c5480', '#23405a', '#2b3036', '#4f3a20', '#74500c', '#a05800'],
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
  const ofName = new Float64Array(tree.names.length)
  const { name: names, total, depth, parent } = tree
  for (let row = 0; row < names.length; row += 1) {
    ofName[names[row]!]! += total[row]! * (1 + 1 / (1 + depth[row]!))
    // What its own calls take is no weight of its own.
    if (parent[row]! >= 0) ofName[names[parent[row]!]!]! -= total[row]!
  }
  const weights = new Map<string, number>()
  for (const [name, owner] of owners.entries()) {
    if (owner !== 'user' && owner !== 'dependency') continue
    weights.set(packages[name]!, (weights.get(packages[name]!) ?? 0) + ofName[name]!)
  }
  const ranked = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, OWN_COLOURS)
  const own = new Map(ranked.map(([path], at) => [path, at]))
  const colourOf = Uint8Array.from(tree.names, (_, name) => {
    const owner = owners[name]
    if (owner === 'runtime' || owner === 'mark') return RUNTIME
    if (owner === 'std') return STD
    return own.get(packages[name]!) ?? OTHER
  })
  const legend: Colours['legend'] = ranked.map(([label], colour) => ({ label, kind: 'package', colour }))
  const used = new Set(colourOf)
  if (used.has(OTHER)) legend.push({ label: '', kind: 'other', colour: OTHER })
  if (used.has(STD)) legend.push({ label: '', kind: 'std', colour: STD })
  if (used.has(RUNTIME)) legend.push({ label: '', kind: 'runtime', colour: RUNTIME })
  return { ofName: colourOf, legend }
}

/** Ratios between which a change is drawn in one colour; their inverses are those of what became less. */
export const CHANGE_STEPS = [1.05, 1.2, 2] as const

/** How two sides of a comparison are held against each other: each as a share of its own total, or as they are. */
export interface Scale {
  after: number
  before: number
}

/** Index into `Theme.changes`. */
export function changeColour(after: number, before: number, scale: Scale): number {
  const [a, b] = [after / scale.after, before / scale.before]
  if (a === b) return 3
  const ratio = a > b ? (b === 0 ? Infinity : a / b) : a === 0 ? Infinity : b / a
  const strength = CHANGE_STEPS.filter((step) => ratio > step).length
  return a > b ? 3 + strength : 3 - strength
}

export function isMark(tree: FlameTree, row: number): boolean {
  return ownerOf(nameOf(tree, row)) === 'mark'
}
