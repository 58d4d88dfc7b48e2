import type { Sink } from '../sink.ts'
import { eventwise, type TokenChoice } from './eventwise.ts'

/** `repeats=tokens`: the chosen tokens reach the client twice. */
export const tokenRepeat = (next: Sink, isChosen: TokenChoice): Sink => eventwise(next, (event, kind) => (kind === 'token' && isChosen() ? [event, event] : [event]))
