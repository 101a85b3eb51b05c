// Text that fits a width, by the width of letters; wide letters such as Chinese count twice.

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/

export const columnsOf = (text: string): number => [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1), 0)

/** The end of a text that fits: of a path or function it says most. */
export function tailFit(text: string, columns: number): string {
  return cut([...text].reverse(), columns, (kept) => `…${kept.reverse().join('')}`) ?? text
}

/** The start of a text that fits. */
export function headFit(text: string, columns: number): string {
  return cut([...text], columns, (kept) => `${kept.join('')}…`) ?? text
}

function cut(letters: string[], columns: number, joined: (kept: string[]) => string): string | undefined {
  let used = 0
  let fits = 0
  for (const letter of letters) {
    used += WIDE.test(letter) ? 2 : 1
    if (used <= columns - 1) fits += 1
  }
  if (used <= columns) return undefined
  return columns < 2 ? '' : joined(letters.slice(0, fits))
}
