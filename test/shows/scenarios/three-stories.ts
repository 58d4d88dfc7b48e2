import { ms, scenario, seconds } from 'first-token'

/** As many stories at once as the stack has slots: then there is none left for a hello. */
export default scenario({
  name: 'three-stories',
  question: 'Does "Hello" wait once three stories are told at the same time?',
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    story: { text: 'Tell me a long story', mock: { lasts: seconds(1.2) } },
    saga: { text: 'Tell me a very long story', mock: { lasts: seconds(3.6) } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindStories: { say: 'hello', while: { say: 'story', copies: 3 } },
    behindSagas: { say: 'hello', while: { say: 'saga', copies: 3 } },
  },
  claims: ({ stalledShare, delayGrowth, lostTokens }) => ({
    'hello does not wait for the stories': stalledShare('hello', { during: ['behindStories', 'behindSagas'], quiet: 'quiet' }).atMost(0.02),
    'longer stories delay hello no more': delayGrowth('hello', { from: 'behindStories', to: 'behindSagas' }).atMost(0.1),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'hello does not wait for the stories': { slots: 3 },
    'longer stories delay hello no more': { slots: 3 },
  },
})
