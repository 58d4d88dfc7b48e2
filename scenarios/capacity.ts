import { ms, param, scenario, seconds } from 'first-token'

const lasts = param('lasts', seconds(2), { quick: ms(500) })

/** One, two, four, eight, sixteen people ask for a long answer at once: how many are really being told theirs at one instant? */
export default scenario({
  name: 'capacity',
  question: 'How many people are answered at the same time?',
  messages: {
    story: { text: 'Tell me a story', mock: { lasts } },
  },
  phases: {
    atOnce: { together: ['story'], copies: [1, 2, 4, 8, 16] },
  },
  claims: ({ effectiveConcurrency, lostTokens }) => ({
    'four people are answered at once': effectiveConcurrency('story', { during: 'atOnce' }).atLeast(4),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'four people are answered at once': { slots: 1 },
    'no word is lost': { drops: 'tokens' },
  },
})
