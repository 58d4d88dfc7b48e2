/** The two functions that we use of a package whose own types its `exports` hide. The arguments of `incbi` are a, b, p: it is the p-quantile of Beta(a, b). */
declare module 'cephes' {
  /** Resolves when the WebAssembly is compiled; before that the functions throw. */
  export const compiled: Promise<void>
  export function incbi(a: number, b: number, p: number): number
  export function ndtri(p: number): number
}
