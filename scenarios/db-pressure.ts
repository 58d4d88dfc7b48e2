import { ms, param, scenario, seconds } from 'first-token'

const people = param('people', 30, { control: 3 })
const databaseWithin = param('databaseWithin', seconds(1), { control: ms(500), quick: ms(200) })

/** Many chats are told and stored at once, each with a title, tags and follow-up questions. Does the database answer meanwhile, and does a hello wait for it? */
export default scenario({
  name: 'db-pressure',
  question: 'Does the database answer while many chats are told, and does anybody wait for it?',
  needs: ['socket'],
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    story: { text: 'Tell me a story', background: true, mock: { lasts: seconds(1.2) } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindStories: { say: 'hello', while: { say: 'story', copies: people } },
    behindMoreStories: { say: 'hello', while: { say: 'story', copies: people } },
  },
  observe: { health: ms(100), database: ms(50) },
  claims: ({ stalledShare, databaseTime, lostTokens }) => ({
    'hello does not wait for the database': stalledShare('hello', { during: ['behindStories', 'behindMoreStories'], quiet: 'quiet' }).atMost(0.02),
    'the database answers meanwhile': databaseTime({ during: ['behindStories', 'behindMoreStories'] }).p95.atMost(databaseWithin),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'hello does not wait for the database': { slots: 'none', databasePool: 1 },
    'the database answers meanwhile': { slots: 'none', databasePool: 1 },
    'no word is lost': { drops: 'tokens' },
  },
})
