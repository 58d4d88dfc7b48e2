import { ms, param, scenario, seconds } from 'first-token'

/** A search whose pages are so large that reading them keeps a worker busy; on the control stack, where a search holds a slot of its worker, one that takes its time. */
const searchTakes = param('searchTakes', ms(0), { control: seconds(1.2), quick: ms(400) })
const pages = param('pages', 5)
const pageBytes = param('pageBytes', 200_000, { control: 5_000 })

/**
 * With several workers the words of an answer come to the page only if the worker that has the page's socket learns of them. And one worker that is busy
 * holds up whoever is connected to it: of four, a quarter of the people. Each chat is a page of its own, so that chats and sockets spread over the workers.
 */
export default scenario({
  name: 'multi-worker',
  question: 'Do the words come to the page whichever worker answers, and how many people does one busy worker hold up?',
  needs: ['socket', 'search'],
  messages: {
    chat: { text: 'Tell me something', mock: { tokens: 10 } },
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    search: { text: "What's the weather in New York?", search: true, mock: { tokens: 5, search: { takes: searchTakes, pages, pageBytes } } },
  },
  phases: {
    quiet: { say: 'hello' },
    chats: { together: ['chat'], copies: 12, repeat: 6 },
    behindBusy: { say: 'hello', while: 'search' },
    behindNextBusy: { say: 'hello', while: 'search' },
  },
  observe: { health: ms(100) },
  claims: ({ deliveredShare, lostTokens, stalledShare }) => ({
    'the words come to the page': deliveredShare('chat').atLeast(1),
    'no word is lost': lostTokens().atMost(0),
    'a busy worker holds up half of the people at most': stalledShare('hello', { during: ['behindBusy', 'behindNextBusy'], quiet: 'quiet' }).atMost(0.5),
  }),
  provedBy: {
    'the words come to the page': { lanes: 4, socketsInMemory: true },
    'no word is lost': { drops: 'tokens' },
    'a busy worker holds up half of the people at most': { slots: 1 },
  },
})
