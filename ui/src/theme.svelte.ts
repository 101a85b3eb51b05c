// Whether the page is dark, for what style sheets cannot colour: canvases.
import { route } from './place.svelte.ts'

const dark = matchMedia('(prefers-color-scheme: dark)')
let systemDark = $state(dark.matches)
dark.addEventListener('change', () => (systemDark = dark.matches))

const theme = $derived(route().query.theme)

export function isDark(): boolean {
  return theme === 'dark' || (theme !== 'light' && systemDark)
}
