import type { Sink } from '../sink.ts'
import { eventwise, type TokenChoice } from './eventwise.ts'

/** `drops=tokens`: the chosen tokens never reach the client; everything around them does. */
export const tokenLoss = (next: Sink, isChosen: TokenChoice): Sink => eventwise(next, (event, kind) => (kind === 'token' && isChosen() ? [] : [event]))
