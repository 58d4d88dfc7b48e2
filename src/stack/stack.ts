import type { Death } from './side-process.ts'

/** One system of a stack that is up. */
export interface StackSide {
  readonly name: string
  readonly profile: string
  /** Its origin, without a path. */
  readonly url: string
}

/** Systems that we started. */
export interface Stack<Side extends StackSide = StackSide> {
  readonly sides: readonly Side[]
  /** Resolves with the first process that ends unasked. Never resolves otherwise, `down` included. */
  readonly died: Promise<Death>
  /** Stops everything that was started. Resolves when nothing of it is left; may be called again. */
  down(): Promise<void>
}
