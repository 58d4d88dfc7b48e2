import { param, scenario, seconds } from 'first-token'

/** How soon a person has to be told: the operators' 45 s; on the control stack, whose time-outs are as short, 2 s. */
const errorWithin = param('errorWithin', seconds(45), { control: seconds(2) })

const text = 'Tell me a story'

/**
 * The model fails in six ways, eight people at a time: does each of them see an error, in time, and the right one? And a person who leaves in the middle
 * of an answer: does the model know? Afterwards everybody is answered as before. The operators' fourth test.
 */
export default scenario({
  name: 'disconnect',
  question: 'Does a person see an error in time when the model fails, and does the model stop when the person leaves?',
  messages: {
    silentBeforeHeaders: { text, fault: { kind: 'silence', before: 'headers' }, mock: { tokens: 20 } },
    silentBeforeToken: { text, fault: { kind: 'silence', before: 'first token' }, mock: { tokens: 20 } },
    silentMidAnswer: { text, fault: { kind: 'silence', afterTokens: 10 }, mock: { tokens: 20 } },
    reset: { text, fault: { kind: 'reset', afterTokens: 10 }, mock: { tokens: 20 } },
    serverError: { text, fault: { kind: 'status', status: 500 }, mock: { tokens: 20 } },
    garbage: { text, fault: { kind: 'garbage', afterTokens: 10 }, mock: { tokens: 20 } },
    leaver: { text: 'Tell me a long story', leave: { afterTokens: 10 }, mock: { lasts: seconds(12) } },
    chat: { text: 'Tell me a short story', mock: { tokens: 20 } },
  },
  phases: {
    silentBeforeHeaders: { together: ['silentBeforeHeaders'], copies: 8 },
    silentBeforeToken: { together: ['silentBeforeToken'], copies: 8 },
    silentMidAnswer: { together: ['silentMidAnswer'], copies: 8 },
    reset: { together: ['reset'], copies: 8 },
    // A pool that keeps what the model has reset gives it to those who come next.
    afterReset: { together: ['chat'], copies: 8 },
    serverError: { together: ['serverError'], copies: 8 },
    garbage: { together: ['garbage'], copies: 8 },
    leaving: { together: ['leaver'], copies: 8 },
    afterwards: { together: ['chat'], copies: 8 },
  },
  claims: ({ timeToError, wrongErrors, timeToCancel, lostTokens, foreignTokens }) => ({
    'an error is seen in time': timeToError('silentBeforeHeaders', 'silentBeforeToken', 'silentMidAnswer', 'reset', 'serverError', 'garbage').within(errorWithin),
    'an error is told as an error': wrongErrors('silentBeforeHeaders', 'silentBeforeToken', 'silentMidAnswer', 'reset', 'serverError', 'garbage').atMost(0),
    'the model knows when a person leaves': timeToCancel('leaver').atMost(seconds(1)),
    'afterwards no word is lost': lostTokens().atMost(0),
    'no word is of another answer': foreignTokens().atMost(0),
  }),
  provedBy: {
    'an error is seen in time': { upstreamTimeout: 'none' },
    'an error is told as an error': { swallowsErrors: true },
    'the model knows when a person leaves': { keepsUpstream: true },
    'afterwards no word is lost': { drops: 'tokens' },
    'no word is of another answer': { mixes: 'tokens' },
  },
})
