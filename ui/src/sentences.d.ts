/** Chinese sentences of an answer, made by `build/sentences.ts`. */
declare module 'virtual:sentences' {
  /** By kind of evidence and the names of its values. */
  export const facts: Record<string, string>
  /** English sentences with gaps such as `{n}`, and what they are in Chinese. */
  export const forms: [string, string][]
}
