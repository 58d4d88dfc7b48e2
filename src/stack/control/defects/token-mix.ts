import type { Sink } from '../sink.ts'
import { eventwise, type TokenChoice } from './eventwise.ts'

/** `mixes=tokens`: what the answers of one gateway told last, and the sinks that put it into each other's. */
export class TokenMix {
  /** The last token of each answer that is being told, who spoke last at the end. */
  readonly #told = new Map<number, Buffer>()
  /** The last token of the answer that ended last. */
  #ended: Buffer | undefined

  /** A chosen token is followed by one of another answer; while there was none, nothing is put in. */
  sink(next: Sink, answer: number, isChosen: TokenChoice): Sink {
    return eventwise(next, (event, kind) => {
      if (kind !== 'token') return [event]
      const foreign = isChosen() ? this.#foreignTo(answer) : undefined
      this.#told.delete(answer)
      this.#told.set(answer, event)
      return foreign === undefined ? [event] : [event, foreign]
    }, () => {
      this.#ended = this.#told.get(answer) ?? this.#ended
      this.#told.delete(answer)
      return []
    })
  }

  #foreignTo(answer: number): Buffer | undefined {
    return [...this.#told].findLast(([other]) => other !== answer)?.[1] ?? this.#ended
  }
}
