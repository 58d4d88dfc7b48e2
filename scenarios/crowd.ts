import { ms, scenario } from 'first-token'

/** Fifty people at once. However long they wait, each gets the whole answer, in order, once, and nobody else's. */
export default scenario({
  name: 'crowd',
  question: 'Does everybody in a crowd get the whole answer, in order, and nobody else\'s?',
  messages: {
    chat: { text: 'Tell me something', mock: { tokens: 30, gap: ms(5) } },
  },
  phases: {
    crowd: { together: ['chat'], copies: 50 },
  },
  claims: ({ wholeAnswers, foreignTokens, reorderedTokens, duplicatedTokens }) => ({
    'everybody gets the whole answer': wholeAnswers('chat').atLeast(1),
    'no word is of another answer': foreignTokens().atMost(0),
    'words come in their order': reorderedTokens().atMost(0),
    'no word comes twice': duplicatedTokens().atMost(0),
  }),
  provedBy: {
    'everybody gets the whole answer': { cutsAfter: 60 },
    'no word is of another answer': { mixes: 'tokens' },
    'words come in their order': { reorders: 'tokens' },
    'no word comes twice': { repeats: 'tokens' },
  },
})
