import { ms, param, scenario, seconds } from 'first-token'

/** Longer than what usually lies between a page and its server keeps a silent connection: a minute. */
const idle = param('idle', seconds(65), { control: seconds(2.5) })
/** A percentile takes six rounds; a quick run has a third of these. */
const pauses = param('pauses', 6, { quick: 18 })

/** Somebody reads for a while, and then writes. Half of the messages go over connections that were open all the time, the other half over new ones. */
export default scenario({
  name: 'idle-then-send',
  question: 'Is the first message after a long pause answered as soon as any other?',
  messages: {
    chat: { text: 'Tell me something', mock: { tokens: 4, gap: ms(10) } },
  },
  phases: {
    rested: { together: ['chat'], copies: 12, repeat: pauses, idleBefore: idle },
  },
  claims: ({ wholeAnswers, firstVisible }) => ({
    'a message after a pause is answered': wholeAnswers('chat').atLeast(1),
    'its first word comes within a second': firstVisible('chat', { during: ['rested'] }).p90.atMost(seconds(1), { failAbove: seconds(3) }),
  }),
  provedBy: {
    'a message after a pause is answered': { forgetsIdle: 1_500 },
    'its first word comes within a second': { slots: 'none', delayAfter: 3_500 },
  },
})
