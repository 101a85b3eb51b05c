// Copying text, and the short message that says so.

let last = $state<{ ok: boolean; text: string } | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

export function copied(): { ok: boolean; text: string } | null {
  return last
}

export async function copy(text: string): Promise<void> {
  const ok = await written(text)
  last = { ok, text }
  clearTimeout(timer)
  timer = setTimeout(() => (last = null), 1800)
}

async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return writtenBySelection(text)
  }
}

/** For pages without the clipboard interface, such as plain HTTP on another host's name. */
function writtenBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr'
  document.body.append(area)
  area.select()
  const ok = document.execCommand('copy')
  area.remove()
  return ok
}
