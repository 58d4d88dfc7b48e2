import { expect, test } from 'vitest'
import { betaQuantile, normalQuantile } from './distribution.ts'

// SciPy 1.17.1, scipy.stats.beta.ppf(p, a, b).
test.each([
  [0.98, 1, 194, 0.019963111832118446], [0.02, 3, 574, 0.0009859662670851207], [0.98, 4, 573, 0.0156879376060008], [0.05, 0.4, 13.3, 3.1889330492921054e-5],
  [0.98, 6.5, 42.75, 0.24462113705886987], [0.025, 81, 183, 0.25273674558527126], [0.5, 2, 3, 0.3857275681323895], [0.999, 100, 900, 0.13154244968833673],
  [0.02, 576, 1, 0.9932313049073804], [0.95, 1, 58, 0.050339338330420105],
])('the %d quantile of Beta(%d, %d) is %d', (p, a, b, expected) => {
  expect(betaQuantile(p, a, b) / expected).toBeCloseTo(1, 10)
})

test('a quantile below the smallest number is 0', () => {
  expect(betaQuantile(0.02, 0.001, 51)).toBe(0)
})

// SciPy 1.17.1, scipy.stats.norm.ppf(p).
test.each([[0.98, 2.0537489106318225], [0.95, 1.6448536269514722], [0.975, 1.959963984540054], [0.02, -2.053748910631823], [0.5, 0], [0.999, 3.090232306167813], [0.05, -1.6448536269514729],
  [0.9, 1.2815515655446004], [0.99, 2.3263478740408408], [0.001, -3.090232306167813]])(
  'the %d quantile of the normal distribution is %d', (p, expected) => {
    expect(normalQuantile(p)).toBeCloseTo(expected, 12)
  },
)
