import { formatMilliseconds } from '../duration.ts'
import { exitCodes, UsageError } from '../errors.ts'
import { formatCount } from '../report/format.ts'
import { printable } from '../report/printable.ts'
import { struck } from '../target/failure.ts'
import type { CommandContext } from './context.ts'
import { Interrupted, personAtTerminal, type Person } from './person.ts'

/** What a run will send to a system that others may use or pay for. */
interface Announced {
  readonly messages: number
  /** Of all answers, at most; infinite where nothing limits them. */
  readonly tokens: number
  /** ms */
  readonly time: number
  /** Messages at once, at most. */
  readonly inFlight: number
  readonly host: string
  readonly model: string
  /** Struck out, wherever a server may have put them: see secretsOf. */
  readonly secrets?: readonly string[]
}

/** `about 31 messages, ≤ 4,000 answer tokens, 6 min, ≤ 2 at once against chat.example.org, model llama3`: said before the first message. */
export function announcement({ messages, tokens, time, inFlight, host, model, secrets = [] }: Announced): string {
  const limit = Number.isFinite(tokens) ? `≤ ${formatCount(roundedUp(tokens))} answer ${tokens === 1 ? 'token' : 'tokens'}` : 'answers as long as the model likes'
  const cost = [`about ${formatCount(Number(messages.toPrecision(2)))} ${messages === 1 ? 'message' : 'messages'}`, limit, time < 179_500 ? `${Math.max(1, Math.round(time / 1_000))} s` : formatMilliseconds(time), `≤ ${formatCount(inFlight)} at once against ${host}`, `model ${model}`]
  return printable(struck(cost.join(', '), secrets))
}

/** To two digits; a most that is rounded down is none. */
function roundedUp(count: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1)
  return Math.ceil(count / step) * step
}

/**
 * Says what will be sent, and asks whether to. Resolves where it may be.
 * @throws {UsageError} exit 2 where the answer is no, or where nobody is there to be asked and `yes` was not said; exit 130 after Ctrl-C. Nothing was sent then.
 */
export async function confirm(context: CommandContext, text: string, { yes, person = personAtTerminal() }: { readonly yes: boolean; readonly person?: Person | undefined }): Promise<void> {
  if (yes) {
    context.err(`${text}\n`)
    return
  }
  if (person === undefined) throw new UsageError({ what: text, fix: 'Nobody is at a terminal to be asked: add --yes if that may be sent.' })
  try {
    context.err(`${text}\n`)
    if (await person.agrees('Go on?')) return
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    throw new UsageError({ what: 'Interrupted: nothing was sent.', fix: 'Start it again when it may be.' }, exitCodes.interrupted)
  } finally {
    person.leave()
  }
  throw new UsageError({ what: 'Nothing was sent: the answer was not yes.', fix: 'Ask for less with --max-messages or --max-tokens, or choose a better time.' })
}
