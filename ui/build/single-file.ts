// Folds the built script and style sheet into viewer.html, so that one file is the whole viewer, and pins both by hash in its
// content security policy.
import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

export function singleFile(): Plugin {
  return {
    name: 'goherd-single-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      let script = ''
      let style = ''
      for (const [name, item] of Object.entries(bundle)) {
        if (item.type === 'chunk') script += item.code
        else if (name.endsWith('.css')) style += item.source.toString()
        else continue
        delete bundle[name]
      }
      const page = bundle['viewer.html']
      if (page?.type !== 'asset') throw new Error('the build made no viewer.html')
      page.source = fold(page.source.toString(), script, style)
    },
  }
}

function fold(page: string, script: string, style: string): string {
  // Inside a script element only these two sequences can end or nest it.
  const safe = script.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  const sheet = style.trim()
  const policy = [
    "default-src 'none'",
    `script-src '${hash(safe)}'`,
    `style-src '${hash(sheet)}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return page
    .replace(/\s*<script type="module"[^>]*><\/script>/, '')
    .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
    .replace('<!-- policy -->', () => `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace('<!-- style -->', () => `<style>${sheet}</style>`)
    .replace('<!-- script -->', () => `<script type="module">${safe}</script>`)
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
