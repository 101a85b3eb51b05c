// Whether the page is dark, for what style sheets cannot colour: canvases.
import { route } from './place.svelte.ts'

const dark = matchMedia('(prefers-color-scheme: dark)')
let systemDark = $state(dark.matches)
dark.addEventListener('change', () => (systemDark = dark.matches))

export function isDark(): boolean {
  const theme = route().query.theme
  return theme === 'dark' || (theme !== 'light' && systemDark)
}
