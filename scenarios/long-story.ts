import { param, scenario, seconds, times } from 'first-token'

const errorWithin = param('errorWithin', seconds(45), { control: seconds(2) })

/**
 * A healthy answer that takes longer than every time-out arrives whole. Beside the silences of `disconnect` it tells a time-out on the whole answer, which
 * cuts it, from one on silence, which does not.
 */
export default scenario({
  name: 'long-story',
  question: 'Does a healthy answer that takes longer than every time-out arrive whole?',
  messages: {
    story: { text: 'Tell me a very long story', mock: { lasts: times(errorWithin, 1.5) } },
  },
  phases: {
    stories: { together: ['story'], copies: 2 },
  },
  claims: ({ wholeAnswers, lostTokens }) => ({
    'a long answer arrives whole': wholeAnswers('story').atLeast(1),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'a long answer arrives whole': { upstreamTimeout: 'total:2000' },
    'no word is lost': { drops: 'tokens' },
  },
})
