import { ms, param, scenario, seconds } from 'first-token'

/** How long our mock search takes: short on the control stack, where nothing else is slow. */
const searchTakes = param('searchTakes', seconds(3), { control: seconds(1.2), quick: ms(400) })
const pages = param('pages', 3)
const pageBytes = param('pageBytes', 5_000)
/** To read such pages takes the system longer than to find them. The search engine then answers at once, so that hellos are said while they are read. */
const areHeavy = pageBytes >= 1_000_000
/** While heavy pages are read as soon as a hello that does not stall: a worker that reads them answers everything after half a second or so (docs/decisions/0016). */
const healthWithin = param('healthWithin', areHeavy ? ms(500) : seconds(1), { control: ms(500), quick: ms(200) })
const size = areHeavy ? `${pageBytes / 1_000_000} MB` : `${pageBytes / 1_000} kB`

/**
 * "What's the weather in New York?" with web search: is the answer complete in time, did the search really happen, and does somebody who only says "Hello"
 * wait for it? The operators' second test.
 */
export default scenario({
  name: 'web-search',
  question: `Is an answer with web search (${pages} pages of ${size} each) complete in time, and does anybody else wait for it?`,
  needs: ['search'],
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    search: { text: "What's the weather in New York?", search: true, mock: { tokens: 10, gap: ms(10), search: { takes: areHeavy ? ms(0) : searchTakes, pages, pageBytes } } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindSearch: { say: 'hello', while: 'search' },
    behindNextSearch: { say: 'hello', while: 'search' },
    searches: { together: ['search'], copies: areHeavy ? 1 : 6, repeat: areHeavy ? 10 : 9 },
  },
  observe: { health: ms(50), database: ms(100) },
  claims: ({ e2e, sourcesShown, stalledShare, healthTime, lostTokens }) => ({
    'a search is complete in time': e2e('search', { during: ['behindSearch', 'behindNextSearch', 'searches'] }).p90.atMost(seconds(5), { failAbove: seconds(10) }),
    'its sources really came': sourcesShown('search').atLeast(1),
    'hello does not wait for a search': stalledShare('hello', { during: ['behindSearch', 'behindNextSearch'], quiet: 'quiet' }).atMost(0.02),
    'health answers while a search is on': healthTime({ during: ['behindSearch', 'behindNextSearch', 'searches'] }).p95.atMost(healthWithin),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'a search is complete in time': { slots: 'none', stallsEvery: 1, stallFor: 10_500 },
    'its sources really came': { search: 'none' },
    'hello does not wait for a search': { slots: 1 },
    'health answers while a search is on': { search: 'blocking' },
    'no word is lost': { drops: 'tokens' },
  },
})
