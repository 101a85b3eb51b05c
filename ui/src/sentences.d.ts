/** Chinese sentences of facts, made by `build/sentences.ts`. */
declare module 'virtual:sentences' {
  const sentences: Record<string, string>
  export default sentences
}
