import { ms, scenario, seconds } from 'first-token'

/**
 * "Tell me a long story", and straight after it, "Hello". Head-of-line blocking is the hello that waits for the story. Hello is also said
 * while nothing else is, on the same stack in the same round, so that a slow model is not mistaken for a blocked one.
 */
export default scenario({
  name: 'concurrent',
  question: 'Does "Hello" start at once while a long story is still being told?',
  gate: true,
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    story: { text: 'Tell me a long story', mock: { lasts: seconds(1.2) } },
    saga: { text: 'Tell me a very long story', mock: { lasts: seconds(3.6) } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindStory: { say: 'hello', while: 'story' },
    behindSaga: { say: 'hello', while: 'saga' },
  },
  observe: { health: ms(100), database: ms(100) },
  claims: ({ firstVisible, stalledShare, delayGrowth, lostTokens }) => ({
    'hello starts immediately': firstVisible('hello', { during: ['behindStory', 'behindSaga'] }).p95.atMost(seconds(1), { failAbove: seconds(3) }),
    'hello does not wait for the story': stalledShare('hello', { during: ['behindStory', 'behindSaga'], quiet: 'quiet' }).atMost(0.02),
    'a longer story delays hello no more': delayGrowth('hello', { from: 'behindStory', to: 'behindSaga' }).atMost(0.1),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'hello does not wait for the story': { slots: 1 },
    'a longer story delays hello no more': { slots: 1 },
    'no word is lost': { drops: 'tokens' },
  },
})
