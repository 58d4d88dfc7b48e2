import { buffering } from './defects/buffering.ts'
import { coalescing } from './defects/coalescing.ts'
import { cut } from './defects/cut.ts'
import { delay } from './defects/delay.ts'
import { everyNth } from './defects/eventwise.ts'
import { lateErrors } from './defects/late-errors.ts'
import { stall } from './defects/stall.ts'
import { apologies, swallowedErrors } from './defects/swallowed-errors.ts'
import { tokenLoss } from './defects/token-loss.ts'
import type { TokenMix } from './defects/token-mix.ts'
import { tokenReorder } from './defects/token-reorder.ts'
import { tokenRepeat } from './defects/token-repeat.ts'
import { wrongStatus } from './defects/wrong-status.ts'
import type { Settings } from './settings.ts'
import type { Sink } from './sink.ts'

/** Which answer of the gateway it is, from 1, and what of the gateway its defects touch. */
export interface AnswerPlace {
  readonly number: number
  readonly mix: TokenMix
  /** Tells whoever reads the model that nobody listens any more. */
  readonly abandon: () => void
}

/** The way from the model to the client, with the defects that are set, the first to touch the answer outermost. */
export function answerSink(client: Sink, settings: Settings, place: AnswerPlace): Sink {
  return failingSink(wordingSink(pacingSink(client, settings, place), settings, place), settings)
}

/** What changes when the client is told. */
function pacingSink(client: Sink, settings: Settings, { number, abandon }: AnswerPlace): Sink {
  let sink = client
  if (settings.buffers) sink = buffering(sink)
  if (settings.coalesces !== 'none') sink = coalescing(sink, settings.coalesces)
  if (settings.delayAfter > 0) sink = delay(sink, settings.delayAfter)
  if (settings.stallsEvery !== 'none' && number % settings.stallsEvery === 0) sink = stall(sink, settings.stallFor)
  if (settings.cutsAfter !== 'none' && number % settings.cutsEvery === 0) sink = cut(sink, settings.cutsAfter, abandon)
  return sink
}

/** What changes which words the client is told. */
function wordingSink(paced: Sink, settings: Settings, { number, mix }: AnswerPlace): Sink {
  let sink = paced
  if (settings.mixes === 'tokens') sink = mix.sink(sink, number, everyNth(settings.mixEvery, number))
  if (settings.reorders === 'tokens') sink = tokenReorder(sink, everyNth(settings.reorderEvery, number))
  if (settings.repeats === 'tokens') sink = tokenRepeat(sink, everyNth(settings.repeatEvery, number))
  if (settings.drops === 'tokens') sink = tokenLoss(sink, everyNth(settings.dropEvery, number))
  return sink
}

/** What changes how the client is told of a failure. */
function failingSink(worded: Sink, settings: Settings): Sink {
  let sink = worded
  if (settings.delaysErrors > 0) sink = lateErrors(sink, settings.delaysErrors)
  if (settings.wrongStatus) sink = wrongStatus(sink)
  if (settings.apologises) sink = apologies(sink)
  if (settings.swallowsErrors) sink = swallowedErrors(sink)
  return sink
}
