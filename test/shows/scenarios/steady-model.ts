import { ms, scenario, seconds } from 'first-token'

/** `concurrent` with a model that takes 300 ms to its first token: 30 % more of that is what a person would notice. */
export default scenario({
  name: 'steady-model',
  question: 'Does "Hello" start at once while a long story is still being told?',
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(300) } },
    story: { text: 'Tell me a long story', mock: { lasts: seconds(2) } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindStory: { say: 'hello', while: 'story' },
  },
  claims: ({ stalledShare }) => ({
    'hello does not wait for the story': stalledShare('hello', { during: ['behindStory'], quiet: 'quiet' }).atMost(0.05),
  }),
  provedBy: {
    'hello does not wait for the story': { slots: 1 },
  },
})
