import { ms, scenario, seconds } from 'first-token'

/**
 * While a long story is told, "Hello" is said in the same chat, in another tab of the same person, and by somebody else: which of them waits for the story?
 * A stack may well keep the order within a chat, and must not let one person wait for another. So few are said at a time that a share of 25 % is judged.
 */
export default scenario({
  name: 'second-message',
  question: 'Does a second message wait for the first: in the same chat, in another tab, at somebody else\'s?',
  needs: ['socket', 'people'],
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    story: { text: 'Tell me a long story', mock: { lasts: seconds(1.2) } },
  },
  phases: {
    quiet: { say: 'hello' },
    sameChat: { say: 'hello', while: 'story', as: 'same chat' },
    otherTab: { say: 'hello', while: 'story', as: 'other tab' },
    otherUser: { say: 'hello', while: 'story', as: 'other user' },
  },
  claims: ({ stalledShare, lostTokens }) => ({
    'a second message in the same chat does not wait': stalledShare('hello', { during: ['sameChat'], quiet: 'quiet' }).atMost(0.25),
    'another tab does not wait': stalledShare('hello', { during: ['otherTab'], quiet: 'quiet' }).atMost(0.25),
    'another person does not wait': stalledShare('hello', { during: ['otherUser'], quiet: 'quiet' }).atMost(0.25),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'a second message in the same chat does not wait': { oneAtATime: 'chat' },
    'another tab does not wait': { oneAtATime: 'person' },
    'another person does not wait': { slots: 1 },
    'no word is lost': { drops: 'tokens' },
  },
})
